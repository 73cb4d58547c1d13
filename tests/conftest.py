"""What all tests share."""

import signal

# A shell that starts the tests in the background lets them ignore Ctrl-C, and their children would too.
signal.signal(signal.SIGINT, signal.default_int_handler)
