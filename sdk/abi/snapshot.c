/* A library through which every type of the boundary can be reached, so that abidw can write down their layout
 * (check.sh). A new struct or table of the boundary gets a line here. */
#include "mortise/abi/audit.h"
#include "mortise/abi/base.h"
#include "mortise/abi/blobs.h"
#include "mortise/abi/cache.h"
#include "mortise/abi/call.h"
#include "mortise/abi/config.h"
#include "mortise/abi/db.h"
#include "mortise/abi/events.h"
#include "mortise/abi/files_store.h"
#include "mortise/abi/health.h"
#include "mortise/abi/http_client.h"
#include "mortise/abi/identity.h"
#include "mortise/abi/jobs.h"
#include "mortise/abi/json.h"
#include "mortise/abi/limits.h"
#include "mortise/abi/log.h"
#include "mortise/abi/mail.h"
#include "mortise/abi/metrics.h"
#include "mortise/abi/module.h"
#include "mortise/abi/objects.h"
#include "mortise/abi/orgs.h"
#include "mortise/abi/scheduler.h"
#include "mortise/abi/secrets.h"
#include "mortise/abi/skills_catalog.h"
#include "mortise/abi/sync_sessions.h"

struct mortise_abi_snapshot {
  const mortise_audit_entry* mortise_audit_entry_;
  const mortise_audit_v1* mortise_audit_v1_;
  const mortise_str* mortise_str_;
  const mortise_error* mortise_error_;
  const mortise_value* mortise_value_;
  const mortise_pair* mortise_pair_;
  const mortise_field_error* mortise_field_error_;
  const mortise_problem* mortise_problem_;
  const mortise_blob* mortise_blob_;
  const mortise_blobs_v1* mortise_blobs_v1_;
  const mortise_cache_v1* mortise_cache_v1_;
  const mortise_principal* mortise_principal_;
  const mortise_part* mortise_part_;
  const mortise_reply* mortise_reply_;
  const mortise_stream_options* mortise_stream_options_;
  const mortise_websocket_options* mortise_websocket_options_;
  const mortise_call_v1* mortise_call_v1_;
  const mortise_config_v1* mortise_config_v1_;
  const mortise_db_parameter* mortise_db_parameter_;
  const mortise_db_v1* mortise_db_v1_;
  const mortise_event* mortise_event_;
  const mortise_events_v1* mortise_events_v1_;
  const mortise_http_request* mortise_http_request_;
  const mortise_http_response* mortise_http_response_;
  const mortise_http_client_v1* mortise_http_client_v1_;
  const mortise_user* mortise_user_;
  const mortise_new_user* mortise_new_user_;
  const mortise_user_change* mortise_user_change_;
  const mortise_tokens* mortise_tokens_;
  const mortise_identity_v1* mortise_identity_v1_;
  const mortise_job* mortise_job_;
  const mortise_jobs_v1* mortise_jobs_v1_;
  const mortise_json_v1* mortise_json_v1_;
  const mortise_limits_v1* mortise_limits_v1_;
  const mortise_log_v1* mortise_log_v1_;
  const mortise_mail* mortise_mail_;
  const mortise_mail_v1* mortise_mail_v1_;
  const mortise_metrics_v1* mortise_metrics_v1_;
  const struct mortise_host* mortise_host_;
  const mortise_module* mortise_module_;
  const mortise_secrets_v1* mortise_secrets_v1_;
  mortise_credential mortise_credential_;
  mortise_in mortise_in_;
  mortise_log_level mortise_log_level_;
  mortise_session_kind mortise_session_kind_;
  mortise_status mortise_status_;
  mortise_type mortise_type_;
  mortise_user_key mortise_user_key_;
  const mortise_new_key* mortise_new_key_;
  const mortise_api_key* mortise_api_key_;
  const mortise_cookie_session* mortise_cookie_session_;
  mortise_key_kind mortise_key_kind_;
  const mortise_job_state* mortise_job_state_;
  const mortise_trigger* mortise_trigger_;
  const mortise_scheduled_job* mortise_scheduled_job_;
  const mortise_job_run_record* mortise_job_run_record_;
  const mortise_scheduler_status* mortise_scheduler_status_;
  const mortise_scheduler_reload* mortise_scheduler_reload_;
  const mortise_scheduler_v1* mortise_scheduler_v1_;
  const mortise_sync_session* mortise_sync_session_;
  const mortise_sync_target* mortise_sync_target_;
  const mortise_sync_counters* mortise_sync_counters_;
  const mortise_sync_state* mortise_sync_state_;
  const mortise_sync_sessions_v1* mortise_sync_sessions_v1_;
  const mortise_org* mortise_org_;
  const mortise_new_org* mortise_new_org_;
  const mortise_org_change* mortise_org_change_;
  const mortise_member* mortise_member_;
  const mortise_orgs_v1* mortise_orgs_v1_;
  const mortise_file_reply* mortise_file_reply_;
  const mortise_bucket* mortise_bucket_;
  const mortise_object* mortise_object_;
  const mortise_objects_v1* mortise_objects_v1_;
  const mortise_health_v1* mortise_health_v1_;
  const mortise_stored_file* mortise_stored_file_;
  const mortise_new_file* mortise_new_file_;
  const mortise_files_store_v1* mortise_files_store_v1_;
  const mortise_skill* mortise_skill_;
  const mortise_skill_texts* mortise_skill_texts_;
  const mortise_skill_tool* mortise_skill_tool_;
  const mortise_skill_file* mortise_skill_file_;
  const mortise_skills_catalog_v1* mortise_skills_catalog_v1_;
};

int mortise_abi_snapshot(const struct mortise_abi_snapshot* all);
int mortise_abi_snapshot(const struct mortise_abi_snapshot* all) { return all != NULL; }
