-- Event types that users register: with a schema that what is sent has to
-- satisfy, and with an example of each type that exists from the start. And a
-- format for pushes to GitHub.

ALTER TABLE event_types
    ADD COLUMN IF NOT EXISTS id INT UNSIGNED NOT NULL AUTO_INCREMENT,
    ADD UNIQUE KEY IF NOT EXISTS id (id),
    ADD COLUMN IF NOT EXISTS validate TINYINT UNSIGNED NOT NULL DEFAULT 0
        COMMENT '1 = data that does not satisfy json_schema is refused',
    ADD COLUMN IF NOT EXISTS deleted_at TIMESTAMP(6) NULL,
    ADD COLUMN IF NOT EXISTS config_version BIGINT UNSIGNED NOT NULL DEFAULT 0,
    ADD KEY IF NOT EXISTS config_version (config_version);

ALTER TABLE subscriptions
    MODIFY COLUMN format ENUM('envelope','payload','standard','cloudevents',
        'cloudevents-binary','slack','discord','template','github')
        NOT NULL DEFAULT 'envelope';

INSERT INTO event_types (position, category, name, description, example)
VALUES
(10, 'Email', 'email.received', 'Email received and indexed', '{"email_id":"msg-123","subject":"Meeting Reminder","from":"john@example.com","to":["me@example.com"],"date":"2026-01-15T10:00:00Z"}'),
(11, 'Email', 'email.sent', 'Email sent successfully', '{"email_id":"msg-124","subject":"Re: Meeting Reminder","to":["john@example.com"],"date":"2026-01-15T10:05:00Z"}'),
(12, 'Email', 'email.indexed', 'Email indexed in vector DB', '{"email_id":"msg-123","chunks":4}'),
(20, 'Calendar', 'calendar.event.created', 'Event created', '{"event_id":"cal-7","title":"Planning","start":"2026-01-16T09:00:00Z","end":"2026-01-16T10:00:00Z"}'),
(21, 'Calendar', 'calendar.event.updated', 'Event updated', '{"event_id":"cal-7","changes":{"start":"2026-01-16T09:30:00Z"}}'),
(22, 'Calendar', 'calendar.event.deleted', 'Event deleted', '{"event_id":"cal-7"}'),
(30, 'Tasks', 'task.created', 'Task created', '{"task_id":"task-42","title":"Write the minutes","due":"2026-01-17"}'),
(31, 'Tasks', 'task.updated', 'Task updated', '{"task_id":"task-42","changes":{"due":"2026-01-18"}}'),
(32, 'Tasks', 'task.completed', 'Task completed', '{"task_id":"task-42","completed_at":"2026-01-17T16:20:00Z"}'),
(33, 'Tasks', 'task.deleted', 'Task deleted', '{"task_id":"task-42"}'),
(40, 'Indexing', 'indexing.started', 'Indexing started', '{"job_id":"idx-9","documents":1200}'),
(41, 'Indexing', 'indexing.completed', 'Indexing completed', '{"job_id":"idx-9","documents":1200,"duration_s":81.4}'),
(42, 'Indexing', 'indexing.failed', 'Indexing failed', '{"job_id":"idx-9","error":"disk full"}'),
(50, 'User', 'user.created', 'User account created', '{"user_id":"user-5","email":"jane@example.com"}'),
(51, 'User', 'user.settings.updated', 'Settings updated', '{"user_id":"user-5","changes":{"language":"de"}}'),
(60, 'System', 'export.completed', 'Data export completed', '{"export_id":"exp-3","url":"https://example.com/exports/exp-3.zip","bytes":1048576}'),
(61, 'System', 'sync.completed', 'Sync completed', '{"sync_id":"sync-11","records":250,"duration_s":3.2}'),
(62, 'System', 'system.startup', 'System started', '{"program":"posternd","host":"app1","pid":4711,"version":"1.0.0"}'),
(63, 'System', 'system.shutdown', 'System is shutting down', '{"program":"posternd","host":"app1","pid":4711,"version":"1.0.0","uptime_s":86400}'),
(64, 'System', 'system.error', 'An error occurred in the system', '{"component":"importer","error":"connection refused"}'),
(70, 'Data', 'data.created', 'Data created', '{"table":"users","record_id":"123","record":{"name":"John","email":"john@example.com"}}'),
(71, 'Data', 'data.updated', 'Data updated', '{"table":"users","record_id":"123","old":{"name":"John"},"new":{"name":"John Doe"}}'),
(72, 'Data', 'data.deleted', 'Data deleted', '{"table":"users","record_id":"123","old":{"name":"John Doe"}}'),
(80, 'Process', 'process.started', 'Process started', '{"process_id":"import-1","name":"nightly import"}'),
(81, 'Process', 'process.completed', 'Process completed', '{"process_id":"import-1","duration_s":12.5}'),
(82, 'Process', 'process.failed', 'Process failed', '{"process_id":"import-1","error":"exit status 1"}'),
(90, 'Monitoring', 'health.check', 'Health check', '{"status":"healthy","worker_alive":true,"queue_size":0,"pending":12,"oldest_due_s":0}'),
(91, 'Monitoring', 'alert.triggered', 'Alert triggered', '{"metric":"pending","value":12034,"threshold":10000,"since":"2026-01-15T10:00:00Z","for_s":300}'),
(92, 'Monitoring', 'metric.threshold', 'Metric crossed its threshold', '{"metric":"pending","state":"above","value":10050,"threshold":10000}'),
(100, 'Webhook', 'endpoint.failing', 'A webhook''s endpoint has begun to fail: its circuit breaker is open', '{"subscription_id":12,"url":"https://example.com/hook","failing_since":"2026-01-15T10:00:00.000000Z","error_class":"http","error":"HTTP 503","response_code":503}'),
(101, 'Webhook', 'endpoint.recovered', 'A webhook''s endpoint that was failing has answered again', '{"subscription_id":12,"url":"https://example.com/hook","failing_since":"2026-01-15T10:00:00.000000Z","recovered_at":"2026-01-15T10:07:31.250000Z"}'),
(102, 'Webhook', 'endpoint.disabled', 'A webhook was disabled: its endpoint is gone, or nothing but failures for days', '{"subscription_id":12,"url":"https://example.com/hook","reason":"410 Gone"}'),
(103, 'Webhook', 'message.exhausted', 'A delivery has failed for good: no attempt is left', '{"subscription_id":12,"url":"https://example.com/hook","delivery_id":"dlv_0000000000000","event_id":"evt_0000000000000","event_type":"order.created","attempts":4,"error_class":"http","error":"HTTP 503","response_code":503}'),
(110, 'Sources', 'cache.invalidated', 'What a cache holds of a record is not true any more', '{"source":"supabase","table":"users","record_id":"123","keys":["supabase:users:123"],"reason":"changed","event_id":"evt_0000000000000"}'),
(111, 'Sources', 'source.api_refused', 'The API of a source refuses its key', '{"source":"notion","status":401,"error":"HTTP 401"}'),
(120, 'GitHub', 'github.push', 'Commits were pushed', '{"repository":"user/repo","pusher":"developer","ref":"refs/heads/main","branch":"main","commits":[{"id":"7fd1a60b01f91b314f59955a4e4d4e80d8edf11d","message":"Update README.md","author":"developer","url":"https://github.com/user/repo/commit/7fd1a60b01f91b314f59955a4e4d4e80d8edf11d"}],"commit_count":1}')
ON DUPLICATE KEY UPDATE example = IFNULL(event_types.example, VALUES(example));
