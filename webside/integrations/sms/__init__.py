"""Text messages over the HTTP interface that Twilio and its look-alikes share."""
