-- The decision of rule set iop 1.0.0 (Eligibility for an intensive outpatient program), sha256:7f233510d813a7b7065cc06ac6c367068ffc581b9590d96657962a2e72cf6922
-- Reads notes.calls: one caller a row, with the columns immediate_danger, condition_type, detox_need, recent_psychiatric_discharge, safe_living_environment.
-- They hold canonical answers as text: yes, no, the id of an option, or several joined by a semicolon
-- (whole numbers: an integer). Null, blank, unknown and declined are not known and never count as no.
-- What is none of these makes the row an error. The result is null where there is nothing to say.
-- Never asked immediate_danger? Then no in every row is what a batch would assume.
SELECT
  answers.*,
  CASE WHEN told.problem IS NOT NULL THEN 'error' WHEN told.possible LIKE '%;%' THEN 'undecided' ELSE told.possible END AS "recommendation",
  CASE WHEN told.problem IS NULL AND told.deciding NOT LIKE '%;%' THEN nullif(told.deciding, '') END AS "rule",
  CASE WHEN told.problem IS NULL AND told.possible NOT LIKE '%;%' THEN nullif(told.because, '') END AS "because",
  CASE WHEN told.problem IS NULL THEN told.possible END AS "possible",
  CASE WHEN told.problem IS NULL AND told.possible LIKE '%;%' THEN told.matters END AS "ask_next",
  told.problem AS "problem"
FROM "notes"."calls" AS answers
-- what the answers say, as far as rules tell them apart; null: no answer
CROSS JOIN LATERAL (SELECT
  CASE
    WHEN coalesce(answers."immediate_danger", '') IN ('', 'unknown', 'declined') THEN 'unknown'
    WHEN answers."immediate_danger" IN ('yes', 'no') THEN answers."immediate_danger"
  END AS "immediate_danger",
  CASE
    WHEN coalesce(answers."condition_type", '') IN ('', 'unknown', 'declined') THEN 'unknown'
    WHEN NOT (answers."condition_type" || ';') ~ '^(((eating_disorder|bipolar_1|bipolar_2|mania|bipolar|unipolar_depression|self_harm|chemical_dependency|other);)+)$' THEN NULL
    WHEN (answers."condition_type" || ';') ~ '^((.*;)?(eating_disorder|bipolar_1|bipolar_2|mania|bipolar|unipolar_depression|self_harm|chemical_dependency);.*)$' THEN 'treated'
    ELSE 'none of these'
  END AS "condition_type",
  CASE
    WHEN coalesce(answers."detox_need", '') IN ('', 'unknown', 'declined') THEN 'unknown'
    WHEN answers."detox_need" IN ('yes', 'no') THEN answers."detox_need"
  END AS "detox_need",
  CASE
    WHEN coalesce(answers."recent_psychiatric_discharge", '') IN ('', 'unknown', 'declined') THEN 'unknown'
    WHEN answers."recent_psychiatric_discharge" IN ('yes', 'no') THEN answers."recent_psychiatric_discharge"
  END AS "recent_psychiatric_discharge",
  CASE
    WHEN coalesce(answers."safe_living_environment", '') IN ('', 'unknown', 'declined') THEN 'unknown'
    WHEN answers."safe_living_environment" IN ('yes', 'no') THEN answers."safe_living_environment"
  END AS "safe_living_environment"
) AS facts
-- whether the answers so far may leave it to detox_need
CROSS JOIN LATERAL (SELECT
  facts."immediate_danger" <> 'yes' AS "at detox_need"
) AS walk_1
-- whether the answers so far may leave it to condition_type
CROSS JOIN LATERAL (SELECT
  walk_1."at detox_need" AND facts."detox_need" <> 'yes' AS "at condition_type"
) AS walk_2
-- whether the answers so far may leave it to recent_psychiatric_discharge
CROSS JOIN LATERAL (SELECT
  walk_2."at condition_type" AND facts."condition_type" <> 'treated' AS "at recent_psychiatric_discharge"
) AS walk_3
-- whether the answers so far may leave it to safe_living_environment
CROSS JOIN LATERAL (SELECT
  walk_3."at recent_psychiatric_discharge" AND facts."recent_psychiatric_discharge" <> 'no' AS "at safe_living_environment",
  walk_2."at condition_type" AND facts."condition_type" <> 'none of these' AS "at safe_living_environment 2"
) AS walk_4
-- which rules speak, for one way or another of answering what is not known
CROSS JOIN LATERAL (SELECT
  facts."immediate_danger" <> 'no' AS "immediate-danger",
  walk_1."at detox_need" AND facts."detox_need" <> 'no' AS "needs-detox",
  walk_3."at recent_psychiatric_discharge" AND facts."recent_psychiatric_discharge" <> 'yes' AS "not-treated-here",
  (walk_4."at safe_living_environment" AND facts."safe_living_environment" <> 'yes')
    OR (walk_4."at safe_living_environment 2" AND facts."safe_living_environment" <> 'yes') AS "unsafe-home",
  walk_4."at safe_living_environment 2" AND facts."safe_living_environment" <> 'no' AS "treated-condition",
  walk_4."at safe_living_environment" AND facts."safe_living_environment" <> 'no' AS "step-down"
) AS rules
-- whether two such ways part, from recent_psychiatric_discharge on
CROSS JOIN LATERAL (SELECT
  facts."recent_psychiatric_discharge" <> 'yes'
    OR (facts."recent_psychiatric_discharge" <> 'no' AND facts."safe_living_environment" <> 'no') AS "open from recent_psychiatric_discharge"
) AS open_3
-- whether two such ways part, from condition_type on
CROSS JOIN LATERAL (SELECT
  (facts."condition_type" <> 'none of these' AND facts."safe_living_environment" <> 'no')
    OR (facts."condition_type" <> 'treated' AND open_3."open from recent_psychiatric_discharge") AS "open from condition_type"
) AS open_2
-- what that comes to
CROSS JOIN LATERAL (SELECT
  concat_ws(';',
    CASE WHEN rules."not-treated-here" THEN 'referral' END,
    CASE WHEN rules."treated-condition" OR rules."step-down" THEN 'iop' END,
    CASE WHEN rules."needs-detox" OR rules."unsafe-home" THEN 'inpatient' END,
    CASE WHEN rules."immediate-danger" THEN 'emergency_referral' END
  ) AS "possible",
  concat_ws(';',
    CASE WHEN rules."immediate-danger" THEN 'immediate-danger' END,
    CASE WHEN rules."needs-detox" THEN 'needs-detox' END,
    CASE WHEN rules."not-treated-here" THEN 'not-treated-here' END,
    CASE WHEN rules."unsafe-home" THEN 'unsafe-home' END,
    CASE WHEN rules."treated-condition" THEN 'treated-condition' END,
    CASE WHEN rules."step-down" THEN 'step-down' END
  ) AS "deciding",
  concat_ws(' / ',
    CASE WHEN rules."immediate-danger" THEN 'Someone may be in danger right now, and that comes before everything else.' END,
    CASE WHEN rules."needs-detox" THEN 'Stopping safely takes medical help, and outpatient programs like this usually cannot give it.' END,
    CASE WHEN rules."not-treated-here" THEN 'What was described is not among the conditions this kind of program treats.' END,
    CASE WHEN rules."unsafe-home" THEN 'People in an outpatient program go home every day, so it only works with a safe place to live.' END,
    CASE WHEN rules."treated-condition" THEN 'This kind of program is made for what was described, and there is a safe place to live meanwhile.' END,
    CASE WHEN rules."step-down" THEN 'A recent psychiatric hospital stay is a way into this kind of program, given a safe place to live.' END
  ) AS "because",
  concat_ws(';',
    CASE WHEN facts."immediate_danger" = 'unknown' THEN 'immediate_danger' END,
    CASE WHEN facts."condition_type" = 'unknown' AND walk_2."at condition_type" AND facts."recent_psychiatric_discharge" <> 'yes' THEN 'condition_type' END,
    CASE WHEN facts."detox_need" = 'unknown' AND walk_1."at detox_need" AND open_2."open from condition_type" THEN 'detox_need' END,
    CASE WHEN facts."recent_psychiatric_discharge" = 'unknown' AND walk_3."at recent_psychiatric_discharge" THEN 'recent_psychiatric_discharge' END,
    CASE WHEN facts."safe_living_environment" = 'unknown' AND (walk_4."at safe_living_environment" OR walk_4."at safe_living_environment 2") THEN 'safe_living_environment' END
  ) AS "matters",
  CASE
    WHEN facts."immediate_danger" IS NULL OR facts."condition_type" IS NULL OR facts."detox_need" IS NULL OR facts."recent_psychiatric_discharge" IS NULL OR facts."safe_living_environment" IS NULL THEN
      concat_ws('; ',
        CASE WHEN facts."immediate_danger" IS NULL THEN 'immediate_danger is not yes, no, unknown or declined' END,
        CASE WHEN facts."condition_type" IS NULL THEN 'condition_type is not one or more of eating_disorder, bipolar_1, bipolar_2, mania, bipolar, unipolar_depression, self_harm, chemical_dependency, other joined by `;`, unknown or declined' END,
        CASE WHEN facts."detox_need" IS NULL THEN 'detox_need is not yes, no, unknown or declined' END,
        CASE WHEN facts."recent_psychiatric_discharge" IS NULL THEN 'recent_psychiatric_discharge is not yes, no, unknown or declined' END,
        CASE WHEN facts."safe_living_environment" IS NULL THEN 'safe_living_environment is not yes, no, unknown or declined' END
      )
  END AS "problem"
) AS told
