# notifies.pl FIELD...: sends one sd_notify message.
use Socket;
socket(my $socket, PF_UNIX, SOCK_DGRAM, 0) or die;
send($socket, join("\n", @ARGV), 0, pack_sockaddr_un($ENV{NOTIFY_SOCKET})) or die "cannot notify: $!";
