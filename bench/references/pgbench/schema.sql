-- As little as a sale needs: a row that says how many are left, and a row for each order.
CREATE TABLE bench_ticket (id int PRIMARY KEY, quantity int NOT NULL, sold int NOT NULL);
CREATE TABLE bench_order (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  ticket_id int NOT NULL,
  email text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now()
);
INSERT INTO bench_ticket SELECT id, 1000000000, 0 FROM generate_series(1, 1000) AS id;
