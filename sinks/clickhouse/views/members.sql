-- Who is known in a group, in which role, and whether still in it.
SELECT * EXCEPT role, toString(role) AS role
FROM ${database}.memberships
