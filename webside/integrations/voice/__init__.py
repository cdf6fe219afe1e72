"""Phone calls over the HTTP interface that Twilio and its look-alikes share."""
