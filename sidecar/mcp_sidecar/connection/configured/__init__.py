"""The servers that the workspace's and the user's configuration files define, and the user's consent to run them.

`places` knows which files there are, `file` reads one, `entry` is one server in it, `variables`, `inputs` and `filling`
fill it in, `consent` asks before something out of the workspace runs, `listing` lists them, `servers` is the whole.
"""
