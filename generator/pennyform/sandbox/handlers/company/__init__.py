"""Operations on the company itself: who asks, changelogs, files, webhooks."""
