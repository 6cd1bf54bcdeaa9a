"""The sandbox's Microsoft 365: the login of Entra ID and the calendar part of Microsoft Graph v1.0."""
