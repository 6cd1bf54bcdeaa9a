"""ShareCRM's OpenAPI: the client, what it reads and writes, and how a ScheduleObj record becomes ours and back.

Importing the package imports nothing heavy; `httpx` and `bs4` come with the modules that need them.
"""
