CREATE TABLE IF NOT EXISTS resource_references (
    id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    cluster   text NOT NULL,
    kind      text NOT NULL,
    namespace text NOT NULL,
    name      text NOT NULL,
    UNIQUE (cluster, kind, namespace, name)
);

-- One row for each object that was ever acted on.
CREATE TABLE IF NOT EXISTS action_histories (
    id             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    resource_id    bigint NOT NULL UNIQUE REFERENCES resource_references (id),
    total_actions  integer NOT NULL DEFAULT 0,
    last_action_at timestamptz
);

-- One row for each alert that arrived, also for those about which nothing was done.
CREATE TABLE IF NOT EXISTS resource_action_traces (
    action_id             text PRIMARY KEY,
    action_history_id     bigint REFERENCES action_histories (id),
    alert_name            text NOT NULL,
    alert_fingerprint     text NOT NULL,
    alert_labels          jsonb NOT NULL,
    action_type           text NOT NULL,
    model_confidence      double precision,
    model_reasoning       text,
    execution_status      text NOT NULL,
    execution_error       text NOT NULL,
    resource_state_before jsonb,
    resource_state_after  jsonb,
    received_at           timestamptz NOT NULL,
    finished_at           timestamptz,
    duration_ms           bigint GENERATED ALWAYS AS ((extract(epoch FROM finished_at - received_at) * 1000)::bigint) STORED
);

ALTER TABLE resource_action_traces
    ADD COLUMN IF NOT EXISTS begun_at       timestamptz,
    ADD COLUMN IF NOT EXISTS cooldown_until timestamptz,
    -- The process that wrote the row: it holds an advisory lock of that name for as long as it lives.
    ADD COLUMN IF NOT EXISTS written_by     text NOT NULL DEFAULT '';

CREATE INDEX IF NOT EXISTS resource_action_traces_alert ON resource_action_traces (alert_name, received_at);

-- How often an action helped against an alert.
CREATE OR REPLACE VIEW action_effectiveness AS
SELECT alert_name,
       action_type,
       count(*)                                                       AS executed,
       count(*) FILTER (WHERE execution_status = 'succeeded')         AS succeeded,
       count(*) FILTER (WHERE execution_status = 'rolled_back')       AS rolled_back,
       avg((execution_status = 'succeeded')::int)::double precision   AS effectiveness_score
FROM resource_action_traces
WHERE execution_status IN ('succeeded', 'failed', 'rolled_back')
GROUP BY alert_name, action_type;
