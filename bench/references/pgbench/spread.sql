\set id random(1, 1000)
BEGIN;
UPDATE bench_ticket SET sold = sold + 1 WHERE id = :id AND sold + 1 <= quantity;
INSERT INTO bench_order (ticket_id, email) VALUES (:id, 'buyer@example.com');
COMMIT;
