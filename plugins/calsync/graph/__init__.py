"""Microsoft Graph: the client, what it reads and writes, and how a Graph event becomes ours and back.

Importing the package imports nothing heavy; `httpx` and `msal` come with `client` and `auth`.
"""
