"""Bad networks made in user space, beneath the media path; see README.md."""
