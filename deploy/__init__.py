"""Deployment on one machine: `deploy.local` without containers, `deploy.compose` within them; here what both share.

`deploy.development` is for who works on the project.
"""
