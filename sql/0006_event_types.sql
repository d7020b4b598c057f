-- The event types that exist from the start. They are a catalogue for people:
-- any other type works in subscriptions and triggers too, and rows may be
-- added, changed or archived freely.

INSERT IGNORE INTO event_types (position, category, name, description) VALUES
(10, 'Email', 'email.received', 'Email received and indexed'),
(11, 'Email', 'email.sent', 'Email sent successfully'),
(12, 'Email', 'email.indexed', 'Email indexed in vector DB'),
(20, 'Calendar', 'calendar.event.created', 'Event created'),
(21, 'Calendar', 'calendar.event.updated', 'Event updated'),
(22, 'Calendar', 'calendar.event.deleted', 'Event deleted'),
(30, 'Tasks', 'task.created', 'Task created'),
(31, 'Tasks', 'task.updated', 'Task updated'),
(32, 'Tasks', 'task.completed', 'Task completed'),
(33, 'Tasks', 'task.deleted', 'Task deleted'),
(40, 'Indexing', 'indexing.started', 'Indexing started'),
(41, 'Indexing', 'indexing.completed', 'Indexing completed'),
(42, 'Indexing', 'indexing.failed', 'Indexing failed'),
(50, 'User', 'user.created', 'User account created'),
(51, 'User', 'user.settings.updated', 'Settings updated'),
(60, 'System', 'export.completed', 'Data export completed'),
(61, 'System', 'sync.completed', 'Sync completed'),
(62, 'System', 'system.startup', 'System started'),
(63, 'System', 'system.shutdown', 'System is shutting down'),
(64, 'System', 'system.error', 'An error occurred in the system'),
(70, 'Data', 'data.created', 'Data created'),
(71, 'Data', 'data.updated', 'Data updated'),
(72, 'Data', 'data.deleted', 'Data deleted'),
(80, 'Process', 'process.started', 'Process started'),
(81, 'Process', 'process.completed', 'Process completed'),
(82, 'Process', 'process.failed', 'Process failed'),
(90, 'Monitoring', 'health.check', 'Health check'),
(91, 'Monitoring', 'alert.triggered', 'Alert triggered'),
(92, 'Monitoring', 'metric.threshold', 'Metric crossed its threshold');
