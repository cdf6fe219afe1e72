"""E-mail over SMTP. The client is Django's; the stand-in is a real server that keeps what it is sent."""
