"""Deployment on one machine: `deploy.local` without containers, `deploy.compose` within them; here what both share."""
