-- The first page of shows with their tickets as one JSON value, about what the GraphQL answer holds.
SELECT json_agg(page) FROM (
  SELECT show.id, show.title, show.venue, show.starts_at, show.status, producer.name AS producer, (
    SELECT json_agg(json_build_object('id', ticket.id, 'name', ticket.name, 'price', ticket.price,
      'currency', ticket.currency, 'available', ticket.quantity - ticket.held - ticket.sold) ORDER BY ticket.id)
    FROM ticket WHERE ticket.show_id = show.id
  ) AS tickets
  FROM show JOIN producer ON producer.id = show.producer_id
  WHERE show.status <> 'DRAFT'
  ORDER BY show.starts_at, show.id
  LIMIT 20
) AS page;
