"""Operations on the company itself: its user, changelogs, files, webhooks."""
