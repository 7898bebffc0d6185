"""The one exception for what the user can mend."""


class BadInput(ValueError):
    """Something the user asked for cannot be had; the message is one line naming the fault and the remedy.

    The command line prints the message without a traceback and exits with code 2. It lives in ``results`` because
    that folder imports nothing of the others, so every folder may raise it.
    """
