# Listens at an address and answers every connection with HTTP 200 and its instance. Ways (arguments after the address):
# `fork`: a child accepts, and only the child has the socket; `daemon`: that child has left the process group as well;
# `share`: with SO_REUSEPORT; `deaf`: never accepts; `retry`: tries again until the address is free.
use strict;
use IO::Socket::INET;
use POSIX 'setsid';
my ($port, %way) = (shift, map { $_ => 1 } @ARGV);
my $socket;
until ($socket = IO::Socket::INET->new(LocalAddr => '127.0.0.1', LocalPort => $port, Listen => 16, ReuseAddr => 1,
    ReusePort => $way{share})) {
  die "EADDRINUSE $@" unless $way{retry};
  select undef, undef, undef, 0.02;
}
$| = 1;
print "listening\n";
if ($way{fork} || $way{daemon}) {
  if (my $child = fork) {
    close $socket;
    waitpid $child, 0 unless $way{daemon};
    sleep 1000;
  }
  if ($way{daemon}) { setsid; exit if fork }
}
if ($way{deaf}) { sleep 1000 }
while (my $client = $socket->accept) {
  my $request = <$client>;
  print $client "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n", $ENV{ORCH_INSTANCE_ID} // '', "\n" if defined $request;
  if (defined $request && open my $log, '>>', 'requests') { print $log $request; close $log }
  close $client;
}
