-- What a fresh installation starts with.
INSERT INTO classrooms (classroom, created_at) VALUES
    ('Data_2025', strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')),
    ('IA_2025', strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')),
    ('Web_2025', strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')),
    ('Cloud_2025', strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')),
    ('Cybersec_2025', strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')),
    ('DevOps_2025', strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')),
    ('Mobile_2025', strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')),
    ('GameDev_2025', strftime('%Y-%m-%dT%H:%M:%f000Z', 'now'));

INSERT INTO lessons (external_id, title, subject, created_at) VALUES
    ('introduction-a-docker', 'Introduction à Docker', 'DevOps', strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')),
    ('maitriser-airflow', 'Maîtriser Airflow', 'Data Engineering', strftime('%Y-%m-%dT%H:%M:%f000Z', 'now'));
