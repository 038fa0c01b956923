-- Contents that no file holds are few among many: the sweep looks for them here.
CREATE INDEX files_blobs_unheld ON files_blobs (blob_key, changed_at) WHERE holders = 0;
