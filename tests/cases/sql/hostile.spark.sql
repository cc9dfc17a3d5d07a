-- The decision of rule set hostile 1.0.0 (It's "quoted", -- a title \), sha256:a6533935046ace6c67e25780f965b1086150ebdff2b78a355a8e921ef624fcd2
-- Reads notes.calls: one caller a row, with the columns order, group, table, untested.
-- They hold canonical answers as text: yes, no, the id of an option, or several joined by a semicolon
-- (whole numbers: an integer). Null, blank, unknown and declined are not known and never count as no.
-- What is none of these makes the row an error. The result is null where there is nothing to say.
-- ask_next: where no question matters alone, each that may matter together with others.
SELECT
  answers.*,
  CASE WHEN told.problem IS NOT NULL THEN 'error' WHEN told.possible LIKE '%;%' THEN 'undecided' ELSE told.possible END AS `recommendation`,
  CASE WHEN told.problem IS NULL AND told.deciding NOT LIKE '%;%' THEN nullif(told.deciding, '') END AS `rule`,
  CASE WHEN told.problem IS NULL AND told.possible NOT LIKE '%;%' THEN nullif(told.because, '') END AS `because`,
  CASE WHEN told.problem IS NULL THEN told.possible END AS `possible`,
  CASE WHEN told.problem IS NULL AND told.possible LIKE '%;%' THEN coalesce(nullif(told.matters, ''), told.beside) END AS `ask_next`,
  told.problem AS `problem`
FROM `notes`.`calls` AS answers
-- what the answers say, as far as rules tell them apart; null: no answer
CROSS JOIN LATERAL (SELECT
  CASE
    WHEN coalesce(answers.`order`, '') IN ('', 'unknown', 'declined') THEN 'unknown'
    WHEN NOT (answers.`order` || ';') RLIKE '^(((a|a_b|axb|all);)+|(none;)+)$' THEN NULL
    ELSE coalesce(nullif(concat_ws(', ', CASE WHEN (answers.`order` || ';') RLIKE '^((.*;)?(a);.*)$' AND (answers.`order` || ';') RLIKE '^((.*;)?(a_b);.*)$' THEN 'a and a_b' END, CASE WHEN (answers.`order` || ';') RLIKE '^((.*;)?(a_b|all);.*)$' THEN 'a_b or all' END, CASE WHEN (answers.`order` || ';') RLIKE '^((.*;)?(none);.*)$' THEN 'none' END), ''), 'none of these')
  END AS `order`,
  CASE
    WHEN answers.`group` IS NULL THEN 'unknown'
    WHEN answers.`group` BETWEEN -5 AND -1 THEN '-5 to -1'
    WHEN answers.`group` BETWEEN 0 AND 2 THEN '0 to 2'
    WHEN answers.`group` BETWEEN 3 AND 3 THEN '3 to 3'
    WHEN answers.`group` BETWEEN 4 AND 9 THEN '4 to 9'
    WHEN answers.`group` BETWEEN 10 AND 20 THEN '10 to 20'
  END AS `group`,
  CASE
    WHEN coalesce(answers.`table`, '') IN ('', 'unknown', 'declined') THEN 'unknown'
    WHEN answers.`table` IN ('user', 'null_value') THEN answers.`table`
    WHEN answers.`table` IN ('p', 'q', 'r', 's') THEN 'p or 3 others'
  END AS `table`,
  CASE
    WHEN coalesce(answers.`untested`, '') IN ('', 'unknown', 'declined') THEN 'unknown'
    WHEN answers.`untested` IN ('x', 'y') THEN 'any'
  END AS `untested`
) AS facts
-- whether the answers so far may leave it to group
CROSS JOIN LATERAL (SELECT
  facts.`order` IN ('a and a_b, a_b or all', 'unknown') AS `at group`,
  facts.`order` IN ('none', 'unknown') AS `at group 2`,
  facts.`order` IN ('a_b or all', 'unknown') AS `at group 3`,
  facts.`order` IN ('none of these', 'unknown') AS `at group 4`
) AS walk_1
-- whether the answers so far may leave it to table
CROSS JOIN LATERAL (SELECT
  walk_1.`at group` AND facts.`group` IN ('3 to 3', 'unknown') AS `at table`,
  walk_1.`at group 2` AND facts.`group` IN ('10 to 20', 'unknown') AS `at table 2`,
  walk_1.`at group 2` AND facts.`group` IN ('3 to 3', 'unknown') AS `at table 3`,
  walk_1.`at group 2` AND facts.`group` NOT IN ('3 to 3', '10 to 20') AS `at table 4`,
  walk_1.`at group 3` AND facts.`group` IN ('3 to 3', 'unknown') AS `at table 5`,
  walk_1.`at group 4` AND facts.`group` IN ('3 to 3', 'unknown') AS `at table 6`,
  (walk_1.`at group 3` AND facts.`group` IN ('-5 to -1', 'unknown'))
    OR (walk_1.`at group 4` AND facts.`group` NOT IN ('3 to 3', '10 to 20')) AS `at table 7`
) AS walk_2
-- which rules speak, for one way or another of answering what is not known
CROSS JOIN LATERAL (SELECT
  (walk_1.`at group` AND facts.`group` <> '3 to 3') OR (walk_2.`at table` AND facts.`table` <> 'user') AS `one-rule`,
  (walk_1.`at group 3` AND facts.`group` NOT IN ('-5 to -1', '3 to 3'))
    OR (walk_2.`at table 5` AND facts.`table` <> 'user') AS `two`,
  (walk_2.`at table 2` AND facts.`table` IN ('p or 3 others', 'unknown'))
    OR (walk_2.`at table 3` AND facts.`table` IN ('p or 3 others', 'unknown'))
    OR (walk_2.`at table 4` AND facts.`table` IN ('p or 3 others', 'unknown')) AS `three`,
  (walk_1.`at group 4` AND facts.`group` IN ('10 to 20', 'unknown'))
    OR (walk_2.`at table 2` AND facts.`table` <> 'p or 3 others') AS `four`,
  (walk_2.`at table 4` AND facts.`table` IN ('user', 'unknown'))
    OR (walk_2.`at table 7` AND facts.`table` IN ('user', 'unknown')) AS `five`,
  (walk_2.`at table 3` AND facts.`table` IN ('null_value', 'unknown'))
    OR (walk_2.`at table 4` AND facts.`table` IN ('null_value', 'unknown'))
    OR (walk_2.`at table 6` AND facts.`table` <> 'user')
    OR (walk_2.`at table 7` AND facts.`table` <> 'user') AS `no rule`,
  (walk_2.`at table` AND facts.`table` IN ('user', 'unknown'))
    OR (walk_2.`at table 3` AND facts.`table` IN ('user', 'unknown'))
    OR (walk_2.`at table 5` AND facts.`table` IN ('user', 'unknown'))
    OR (walk_2.`at table 6` AND facts.`table` IN ('user', 'unknown')) AS `impossible never-this`
) AS rules
-- whether two such ways part, from group on
CROSS JOIN LATERAL (SELECT
  (facts.`group` IN ('0 to 2', '4 to 9', 'unknown') AND facts.`table` <> 'user')
    OR (facts.`group` IN ('3 to 3', 'unknown') AND facts.`table` <> 'user') AS `open from group`,
  (facts.`group` NOT IN ('3 to 3', '10 to 20') AND facts.`table` IN ('p or 3 others', 'unknown'))
    OR (facts.`group` IN ('3 to 3', 'unknown') AND facts.`table` IN ('p or 3 others', 'unknown'))
    OR (facts.`group` IN ('10 to 20', 'unknown') AND facts.`table` IN ('p or 3 others', 'unknown')) AS `open from group 2`,
  facts.`group` <> '3 to 3' OR (facts.`group` IN ('3 to 3', 'unknown') AND facts.`table` <> 'user') AS `open from group 3`,
  (facts.`group` IN ('-5 to -1', 'unknown') AND facts.`table` IN ('p or 3 others', 'unknown'))
    OR (facts.`group` IN ('0 to 2', '4 to 9', 'unknown') AND facts.`table` <> 'user')
    OR (facts.`group` IN ('3 to 3', 'unknown') AND facts.`table` <> 'user')
    OR (facts.`group` IN ('10 to 20', 'unknown') AND facts.`table` IN ('p or 3 others', 'unknown')) AS `open from group 4`,
  (facts.`group` NOT IN ('3 to 3', '10 to 20') AND facts.`table` <> 'p or 3 others')
    OR (facts.`group` IN ('3 to 3', 'unknown') AND facts.`table` IN ('null_value', 'unknown'))
    OR (facts.`group` IN ('10 to 20', 'unknown') AND facts.`table` <> 'p or 3 others') AS `open from group 5`
) AS open_1
-- what that comes to
CROSS JOIN LATERAL (SELECT
  concat_ws(';',
    CASE WHEN rules.`one-rule` OR rules.`three` THEN 'select' END,
    CASE WHEN rules.`two` OR rules.`four` OR rules.`five` THEN 'from' END,
    CASE WHEN rules.`no rule` THEN 'no_rule' END
  ) AS `possible`,
  concat_ws(';',
    CASE WHEN rules.`one-rule` THEN 'one-rule' END,
    CASE WHEN rules.`two` THEN 'two' END,
    CASE WHEN rules.`three` THEN 'three' END,
    CASE WHEN rules.`four` THEN 'four' END,
    CASE WHEN rules.`five` THEN 'five' END,
    CASE WHEN rules.`no rule` THEN '' END
  ) AS `deciding`,
  concat_ws(' / ',
    CASE WHEN rules.`one-rule` THEN 'Isn\'t it? \\\' or \'\' \\' END,
    CASE WHEN rules.`two` THEN '$\{HOME} $\{env:HOME}' END,
    CASE WHEN rules.`three` THEN '-- /* x */ é 🙂 ""' END,
    CASE WHEN rules.`four` AND NOT (rules.`three`) THEN '-- /* x */ é 🙂 ""' END,
    CASE WHEN rules.`five` AND NOT (rules.`one-rule`) THEN 'Isn\'t it? \\\' or \'\' \\' END
  ) AS `because`,
  concat_ws(';',
    CASE WHEN facts.`order` = 'unknown' AND (open_1.`open from group` OR open_1.`open from group 2` OR open_1.`open from group 3` OR open_1.`open from group 4` OR open_1.`open from group 5`) THEN 'order' END,
    CASE WHEN facts.`group` = 'unknown' AND ((walk_1.`at group 2` AND facts.`table` IN ('null_value', 'unknown')) OR (walk_1.`at group 3` AND facts.`table` <> 'user') OR (walk_1.`at group 4` AND facts.`table` <> 'user')) THEN 'group' END,
    CASE WHEN facts.`table` = 'unknown' AND (walk_2.`at table 2` OR walk_2.`at table 3` OR walk_2.`at table 4` OR walk_2.`at table 7`) THEN 'table' END
  ) AS `matters`,
  concat_ws(';',
    CASE WHEN facts.`order` = 'unknown' THEN 'order' END,
    CASE WHEN facts.`group` = 'unknown' AND (walk_1.`at group` OR walk_1.`at group 2` OR walk_1.`at group 3` OR walk_1.`at group 4`) THEN 'group' END,
    CASE WHEN facts.`table` = 'unknown' AND (walk_2.`at table` OR walk_2.`at table 2` OR walk_2.`at table 3` OR walk_2.`at table 4` OR walk_2.`at table 5` OR walk_2.`at table 6` OR walk_2.`at table 7`) THEN 'table' END
  ) AS `beside`,
  CASE
    WHEN facts.`order` IS NULL OR facts.`group` IS NULL OR facts.`table` IS NULL OR facts.`untested` IS NULL THEN
      concat_ws('; ',
        CASE WHEN facts.`order` IS NULL THEN 'order is not one or more of a, a_b, axb, none, all joined by `;`, unknown or declined' END,
        CASE WHEN facts.`group` IS NULL THEN 'group is not a whole number from -5 to 20, or null' END,
        CASE WHEN facts.`table` IS NULL THEN 'table is not one of user, null_value, p, q, r, s, unknown or declined' END,
        CASE WHEN facts.`untested` IS NULL THEN 'untested is not one of x, y, unknown or declined' END
      )
    WHEN NOT (rules.`one-rule` OR rules.`two` OR rules.`three` OR rules.`four` OR rules.`five` OR rules.`no rule`) THEN
      'these answers cannot occur together: impossible entry ' ||
      concat_ws(', ',
        CASE WHEN rules.`impossible never-this` THEN '`never-this` (It\'s "impossible" `here`; \\ $\{HOME} $1 {0} %s)' END
      )
  END AS `problem`
) AS told
