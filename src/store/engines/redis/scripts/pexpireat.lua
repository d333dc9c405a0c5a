-- pexpireat: As in Redis, for a key and its companions.
-- companions: all
-- with: ending
return endWith('PEXPIREAT')
