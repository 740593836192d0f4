CREATE TABLE IF NOT EXISTS queues (
  name TEXT PRIMARY KEY, kind TEXT NOT NULL, policy TEXT NOT NULL, source TEXT NOT NULL, sizes TEXT NOT NULL,
  left_out INTEGER NOT NULL, created TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS guidelines (
  queue TEXT NOT NULL REFERENCES queues(name), version INTEGER NOT NULL, text TEXT NOT NULL, created TEXT NOT NULL,
  PRIMARY KEY (queue, version)
);
CREATE TABLE IF NOT EXISTS cases (
  id INTEGER PRIMARY KEY, queue TEXT NOT NULL REFERENCES queues(name), key TEXT NOT NULL, place INTEGER NOT NULL,
  stratum TEXT NOT NULL, is_random INTEGER NOT NULL, probability REAL NOT NULL,
  film TEXT NOT NULL, digest TEXT NOT NULL, folder TEXT NOT NULL, duration_s REAL, answer_words INTEGER NOT NULL,
  body TEXT NOT NULL, trace BLOB NOT NULL,
  UNIQUE (queue, key)
);
CREATE INDEX IF NOT EXISTS cases_by_place ON cases (queue, place);
CREATE TABLE IF NOT EXISTS verdicts (
  case_id INTEGER NOT NULL REFERENCES cases(id), judge TEXT NOT NULL, verdict TEXT NOT NULL, reason TEXT NOT NULL,
  PRIMARY KEY (case_id, judge)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS labels (
  id INTEGER PRIMARY KEY AUTOINCREMENT, case_id INTEGER NOT NULL REFERENCES cases(id), annotator TEXT NOT NULL,
  role TEXT NOT NULL, value TEXT NOT NULL, note TEXT NOT NULL, edits TEXT NOT NULL, guideline INTEGER NOT NULL,
  seconds REAL NOT NULL, leased TEXT NOT NULL, created TEXT NOT NULL, blind INTEGER NOT NULL,
  UNIQUE (case_id, annotator, role)
);
CREATE TABLE IF NOT EXISTS leases (
  case_id INTEGER PRIMARY KEY REFERENCES cases(id), annotator TEXT NOT NULL, role TEXT NOT NULL, token TEXT NOT NULL,
  taken REAL NOT NULL, expires REAL NOT NULL
);
CREATE TABLE IF NOT EXISTS skips (
  case_id INTEGER NOT NULL REFERENCES cases(id), annotator TEXT NOT NULL, role TEXT NOT NULL, at REAL NOT NULL,
  PRIMARY KEY (case_id, annotator, role)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS events (
  id INTEGER PRIMARY KEY AUTOINCREMENT, at TEXT NOT NULL, queue TEXT NOT NULL, annotator TEXT NOT NULL,
  what TEXT NOT NULL, case_id INTEGER, data TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS events_by_queue ON events (queue, id);
CREATE INDEX IF NOT EXISTS events_by_case ON events (case_id, annotator);
CREATE INDEX IF NOT EXISTS leases_by_token ON leases (token);
CREATE INDEX IF NOT EXISTS labels_by_annotator ON labels (annotator, role);
