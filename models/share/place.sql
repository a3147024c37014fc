-- Whose link it is: asked before there is a clinic, by whoever holds the token.
-- kind: read
-- rows: optional
SELECT p.clinic_id, p.id FROM share_link_place($hash::text) p
