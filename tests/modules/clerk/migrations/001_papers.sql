CREATE TABLE clerk_papers (
  title TEXT NOT NULL,
  drawer TEXT NOT NULL
);
