BEGIN;
UPDATE bench_ticket SET sold = sold + 1 WHERE id = 1 AND sold + 1 <= quantity;
INSERT INTO bench_order (ticket_id, email) VALUES (1, 'buyer@example.com');
COMMIT;
