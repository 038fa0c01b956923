/* The layout of the boundary, as released. The compiler compares it with the headers in every build, on every 64-bit
 * platform. This file is added to, never edited: a line that fails means that modules which are already shipped would
 * break. A table or struct that grew gets lines for its new fields; its size stays out of the list unless it was
 * promised to be fixed for ever. */
#include <stddef.h>

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

#define AT(type, field, offset) \
  _Static_assert(offsetof(type, field) == (offset), #type "." #field " moved: shipped modules break")
#define IS(name, value) _Static_assert((int)(name) == (value), #name " has another value: shipped modules break")
#define FIXED(type, size) _Static_assert(sizeof(type) == (size), #type " has another size: shipped modules break")

_Static_assert(sizeof(void*) == 8 && sizeof(size_t) == 8, "Mortise runs on 64-bit systems");

/* Since SDK 1.0 */
FIXED(mortise_str, 16);
FIXED(mortise_value, 24);
FIXED(mortise_pair, 32);
FIXED(mortise_field_error, 48);
FIXED(mortise_db_parameter, 40);
FIXED(mortise_status, 4);
FIXED(mortise_type, 4);

AT(mortise_audit_entry, struct_size, 0);
AT(mortise_audit_entry, action, 8);
AT(mortise_audit_entry, target, 24);
AT(mortise_audit_entry, details, 40);
AT(mortise_audit_entry, call, 56);

AT(mortise_audit_v1, struct_size, 0);
AT(mortise_audit_v1, record, 8);

AT(mortise_str, data, 0);
AT(mortise_str, size, 8);

AT(mortise_error, struct_size, 0);
AT(mortise_error, retry_after, 4);
AT(mortise_error, code, 8);
AT(mortise_error, text, 72);
AT(mortise_error, details, 328);

AT(mortise_value, type, 0);
AT(mortise_value, as, 8);

AT(mortise_pair, name, 0);
AT(mortise_pair, value, 16);

AT(mortise_field_error, location, 0);
AT(mortise_field_error, rule, 16);
AT(mortise_field_error, params, 32);
AT(mortise_field_error, params_count, 40);

AT(mortise_problem, struct_size, 0);
AT(mortise_problem, status, 4);
AT(mortise_problem, code, 8);
AT(mortise_problem, details, 24);
AT(mortise_problem, note, 40);
AT(mortise_problem, params, 56);
AT(mortise_problem, params_count, 64);
AT(mortise_problem, errors, 72);
AT(mortise_problem, errors_count, 80);
AT(mortise_problem, fields, 88);
AT(mortise_problem, fields_count, 96);
AT(mortise_problem, retry_after, 104);

AT(mortise_blob, struct_size, 0);
AT(mortise_blob, key, 8);
AT(mortise_blob, sha256, 24);
AT(mortise_blob, size, 40);
AT(mortise_blob, stored_at, 48);

AT(mortise_blobs_v1, struct_size, 0);
AT(mortise_blobs_v1, put, 8);
AT(mortise_blobs_v1, put_file, 16);
AT(mortise_blobs_v1, writer, 24);
AT(mortise_blobs_v1, write, 32);
AT(mortise_blobs_v1, finish, 40);
AT(mortise_blobs_v1, abandon, 48);
AT(mortise_blobs_v1, stat, 56);
AT(mortise_blobs_v1, open, 64);
AT(mortise_blobs_v1, close, 72);
AT(mortise_blobs_v1, remove, 80);
AT(mortise_blobs_v1, list, 88);

AT(mortise_cache_v1, struct_size, 0);
AT(mortise_cache_v1, get, 8);
AT(mortise_cache_v1, set, 16);
AT(mortise_cache_v1, set_if_absent, 24);
AT(mortise_cache_v1, increment, 32);
AT(mortise_cache_v1, remove, 40);

AT(mortise_principal, struct_size, 0);
AT(mortise_principal, credential, 4);
AT(mortise_principal, user_id, 8);
AT(mortise_principal, username, 24);
AT(mortise_principal, email, 40);
AT(mortise_principal, role, 56);
AT(mortise_principal, session_id, 72);
AT(mortise_principal, key_id, 88);
AT(mortise_principal, is_service_key, 104);
AT(mortise_principal, key_name, 112);
AT(mortise_principal, key_org_id, 128);
AT(mortise_principal, key_project_ids, 144);
AT(mortise_principal, user_number, 160);
AT(mortise_principal, email_confirmed, 168);
AT(mortise_principal, tier, 176);
AT(mortise_principal, org_id, 192);
AT(mortise_principal, org_role, 208);

AT(mortise_part, struct_size, 0);
AT(mortise_part, is_file, 4);
AT(mortise_part, name, 8);
AT(mortise_part, filename, 24);
AT(mortise_part, content_type, 40);
AT(mortise_part, value, 56);
AT(mortise_part, size, 72);
AT(mortise_part, file, 80);

AT(mortise_reply, struct_size, 0);
AT(mortise_reply, status, 4);
AT(mortise_reply, json, 8);
AT(mortise_reply, message, 24);
AT(mortise_reply, fields, 40);
AT(mortise_reply, fields_count, 48);
AT(mortise_reply, raw, 56);
AT(mortise_reply, content_type, 72);
AT(mortise_reply, message_params, 88);
AT(mortise_reply, message_params_count, 96);

AT(mortise_file_reply, struct_size, 0);
AT(mortise_file_reply, status, 4);
AT(mortise_file_reply, content_type, 8);
AT(mortise_file_reply, download_name, 24);
AT(mortise_file_reply, etag, 40);
AT(mortise_file_reply, last_modified, 56);
AT(mortise_file_reply, fields, 64);
AT(mortise_file_reply, fields_count, 72);

AT(mortise_stream_options, struct_size, 0);
AT(mortise_stream_options, status, 4);
AT(mortise_stream_options, content_type, 8);
AT(mortise_stream_options, heartbeat_seconds, 24);
AT(mortise_stream_options, context, 32);
AT(mortise_stream_options, closed, 40);
AT(mortise_stream_options, drained, 48);

AT(mortise_websocket_options, struct_size, 0);
AT(mortise_websocket_options, subprotocol, 8);
AT(mortise_websocket_options, max_message, 24);
AT(mortise_websocket_options, max_queue, 32);
AT(mortise_websocket_options, ping_seconds, 40);
AT(mortise_websocket_options, context, 48);
AT(mortise_websocket_options, message, 56);
AT(mortise_websocket_options, closed, 64);
AT(mortise_websocket_options, drained, 72);

AT(mortise_call_v1, struct_size, 0);
AT(mortise_call_v1, operation_id, 8);
AT(mortise_call_v1, request_id, 16);
AT(mortise_call_v1, method, 24);
AT(mortise_call_v1, path, 32);
AT(mortise_call_v1, address, 40);
AT(mortise_call_v1, language, 48);
AT(mortise_call_v1, principal, 56);
AT(mortise_call_v1, permitted, 64);
AT(mortise_call_v1, parameter, 72);
AT(mortise_call_v1, header, 80);
AT(mortise_call_v1, body, 88);
AT(mortise_call_v1, raw_body, 96);
AT(mortise_call_v1, parts, 104);
AT(mortise_call_v1, part, 112);
AT(mortise_call_v1, body_file, 120);
AT(mortise_call_v1, file_read, 128);
AT(mortise_call_v1, file_size, 136);
AT(mortise_call_v1, reply, 144);
AT(mortise_call_v1, fail, 152);
AT(mortise_call_v1, reply_file, 160);
AT(mortise_call_v1, retain, 168);
AT(mortise_call_v1, release, 176);
AT(mortise_call_v1, client_gone, 184);
AT(mortise_call_v1, stream_open, 192);
AT(mortise_call_v1, stream_event, 200);
AT(mortise_call_v1, stream_write, 208);
AT(mortise_call_v1, stream_queued, 216);
AT(mortise_call_v1, stream_close, 224);
AT(mortise_call_v1, stream_release, 232);
AT(mortise_call_v1, offered_subprotocols, 240);
AT(mortise_call_v1, upgrade, 248);
AT(mortise_call_v1, websocket_send, 256);
AT(mortise_call_v1, websocket_close, 264);
AT(mortise_call_v1, websocket_pause, 272);
AT(mortise_call_v1, websocket_queued, 280);
AT(mortise_call_v1, websocket_release, 288);
AT(mortise_call_v1, send_file, 296);

AT(mortise_config_v1, struct_size, 0);
AT(mortise_config_v1, get, 8);
AT(mortise_config_v1, get_at, 16);
AT(mortise_config_v1, server, 24);

AT(mortise_db_parameter, name, 0);
AT(mortise_db_parameter, value, 16);

AT(mortise_db_v1, struct_size, 0);
AT(mortise_db_v1, open, 8);
AT(mortise_db_v1, close, 16);
AT(mortise_db_v1, begin, 24);
AT(mortise_db_v1, commit, 32);
AT(mortise_db_v1, rollback, 40);
AT(mortise_db_v1, execute, 48);
AT(mortise_db_v1, query, 56);
AT(mortise_db_v1, next, 64);
AT(mortise_db_v1, rows_close, 72);
AT(mortise_db_v1, backend, 80);

AT(mortise_event, struct_size, 0);
AT(mortise_event, remote, 4);
AT(mortise_event, topic, 8);
AT(mortise_event, payload, 24);
AT(mortise_event, lost, 40);

AT(mortise_events_v1, struct_size, 0);
AT(mortise_events_v1, publish, 8);
AT(mortise_events_v1, subscribe, 16);
AT(mortise_events_v1, unsubscribe, 24);

AT(mortise_http_request, struct_size, 0);
AT(mortise_http_request, max_redirects, 4);
AT(mortise_http_request, method, 8);
AT(mortise_http_request, url, 24);
AT(mortise_http_request, fields, 40);
AT(mortise_http_request, fields_count, 48);
AT(mortise_http_request, body, 56);
AT(mortise_http_request, connect_timeout_ms, 72);
AT(mortise_http_request, timeout_ms, 80);
AT(mortise_http_request, idle_timeout_ms, 88);
AT(mortise_http_request, max_response, 96);
AT(mortise_http_request, context, 104);
AT(mortise_http_request, piece, 112);

AT(mortise_http_response, struct_size, 0);
AT(mortise_http_response, status, 4);
AT(mortise_http_response, fields, 8);
AT(mortise_http_response, fields_count, 16);
AT(mortise_http_response, body, 24);
AT(mortise_http_response, url, 40);

AT(mortise_http_client_v1, struct_size, 0);
AT(mortise_http_client_v1, perform, 8);

AT(mortise_user, struct_size, 0);
AT(mortise_user, id, 8);
AT(mortise_user, username, 24);
AT(mortise_user, email, 40);
AT(mortise_user, nickname, 56);
AT(mortise_user, avatar, 72);
AT(mortise_user, bio, 88);
AT(mortise_user, has_bio, 104);
AT(mortise_user, role, 112);
AT(mortise_user, status, 128);
AT(mortise_user, has_password, 144);
AT(mortise_user, created_at, 152);
AT(mortise_user, email_confirmed_at, 160);
AT(mortise_user, number, 168);
AT(mortise_user, tier, 176);
AT(mortise_user, last_login_at, 192);

AT(mortise_new_user, struct_size, 0);
AT(mortise_new_user, username, 8);
AT(mortise_new_user, email, 24);
AT(mortise_new_user, nickname, 40);
AT(mortise_new_user, password, 56);
AT(mortise_new_user, password_hash, 72);
AT(mortise_new_user, email_confirmed_at, 88);
AT(mortise_new_user, unique_folded, 96);
AT(mortise_new_user, id, 104);
AT(mortise_new_user, created_at, 120);
AT(mortise_new_user, unnamed, 128);

AT(mortise_user_change, struct_size, 0);
AT(mortise_user_change, username, 8);
AT(mortise_user_change, nickname, 24);
AT(mortise_user_change, avatar, 40);
AT(mortise_user_change, bio, 56);
AT(mortise_user_change, clear_bio, 72);
AT(mortise_user_change, status, 80);
AT(mortise_user_change, role, 96);
AT(mortise_user_change, unique_folded, 112);
AT(mortise_user_change, password_hash, 120);
AT(mortise_user_change, email_confirmed_at, 136);
AT(mortise_user_change, tier, 144);
AT(mortise_user_change, end_keys, 160);

AT(mortise_tokens, struct_size, 0);
AT(mortise_tokens, access_token, 8);
AT(mortise_tokens, refresh_token, 24);
AT(mortise_tokens, expires_in, 40);
AT(mortise_tokens, session_id, 48);
AT(mortise_tokens, user, 64);

AT(mortise_identity_v1, struct_size, 0);
AT(mortise_identity_v1, find, 8);
AT(mortise_identity_v1, create, 16);
AT(mortise_identity_v1, change, 24);
AT(mortise_identity_v1, list, 32);
AT(mortise_identity_v1, remove, 40);
AT(mortise_identity_v1, hash_password, 48);
AT(mortise_identity_v1, check_password, 56);
AT(mortise_identity_v1, set_password, 64);
AT(mortise_identity_v1, open_session, 72);
AT(mortise_identity_v1, refresh, 80);
AT(mortise_identity_v1, close_session, 88);
AT(mortise_identity_v1, revoke_all, 96);
AT(mortise_identity_v1, mint_key, 104);
AT(mortise_identity_v1, list_keys, 112);
AT(mortise_identity_v1, deactivate_key, 120);
AT(mortise_identity_v1, revoke_key, 128);
AT(mortise_identity_v1, cookie_open, 136);
AT(mortise_identity_v1, cookie_login, 144);
AT(mortise_identity_v1, cookie_logout, 152);
AT(mortise_identity_v1, csrf_token, 160);

AT(mortise_new_key, struct_size, 0);
AT(mortise_new_key, kind, 4);
AT(mortise_new_key, user_id, 8);
AT(mortise_new_key, name, 24);
AT(mortise_new_key, scopes, 40);
AT(mortise_new_key, org_id, 56);
AT(mortise_new_key, project_ids, 72);
AT(mortise_new_key, created_by, 88);
AT(mortise_new_key, expires_at, 104);

AT(mortise_api_key, struct_size, 0);
AT(mortise_api_key, kind, 4);
AT(mortise_api_key, id, 8);
AT(mortise_api_key, user_id, 24);
AT(mortise_api_key, name, 40);
AT(mortise_api_key, prefix, 56);
AT(mortise_api_key, scopes, 72);
AT(mortise_api_key, org_id, 88);
AT(mortise_api_key, project_ids, 104);
AT(mortise_api_key, created_at, 120);
AT(mortise_api_key, created_by, 128);
AT(mortise_api_key, expires_at, 144);
AT(mortise_api_key, revoked_at, 152);
AT(mortise_api_key, revoke_reason, 160);
AT(mortise_api_key, is_active, 176);
AT(mortise_api_key, last_used_at, 184);
AT(mortise_api_key, last_used_ip, 192);
AT(mortise_api_key, raw, 208);

AT(mortise_cookie_session, struct_size, 0);
AT(mortise_cookie_session, session_id, 8);
AT(mortise_cookie_session, user_id, 24);
AT(mortise_cookie_session, set_cookie, 40);
AT(mortise_cookie_session, csrf_token, 56);

IS(MORTISE_KEY_USER, 0);
IS(MORTISE_KEY_SERVICE, 1);

AT(mortise_job, struct_size, 0);
AT(mortise_job, id, 8);
AT(mortise_job, trigger, 24);
AT(mortise_job, zone, 40);
AT(mortise_job, payload, 56);

AT(mortise_jobs_v1, struct_size, 0);
AT(mortise_jobs_v1, put, 8);
AT(mortise_jobs_v1, remove, 16);
AT(mortise_jobs_v1, trigger, 24);
AT(mortise_jobs_v1, exists, 32);
AT(mortise_jobs_v1, cancel, 40);
AT(mortise_jobs_v1, run_id, 48);
AT(mortise_jobs_v1, job_id, 56);
AT(mortise_jobs_v1, payload, 64);
AT(mortise_jobs_v1, started_at, 72);
AT(mortise_jobs_v1, triggered, 80);
AT(mortise_jobs_v1, cancelled, 88);
AT(mortise_jobs_v1, progress, 96);
AT(mortise_jobs_v1, output, 104);

AT(mortise_json_v1, struct_size, 0);
AT(mortise_json_v1, type, 8);
AT(mortise_json_v1, boolean, 16);
AT(mortise_json_v1, integer, 24);
AT(mortise_json_v1, real, 32);
AT(mortise_json_v1, text, 40);
AT(mortise_json_v1, size, 48);
AT(mortise_json_v1, at, 56);
AT(mortise_json_v1, member, 64);
AT(mortise_json_v1, name_at, 72);
AT(mortise_json_v1, value_at, 80);
AT(mortise_json_v1, write, 88);

AT(mortise_limits_v1, struct_size, 0);
AT(mortise_limits_v1, take, 8);
AT(mortise_limits_v1, peek, 16);
AT(mortise_limits_v1, refund, 24);
AT(mortise_limits_v1, reset, 32);
AT(mortise_limits_v1, numbers, 40);

AT(mortise_log_v1, struct_size, 0);
AT(mortise_log_v1, write, 8);
AT(mortise_log_v1, enabled, 16);

AT(mortise_mail, struct_size, 0);
AT(mortise_mail, to, 8);
AT(mortise_mail, subject, 24);
AT(mortise_mail, text, 40);
AT(mortise_mail, html, 56);
AT(mortise_mail, context, 72);
AT(mortise_mail, done, 80);

AT(mortise_mail_v1, struct_size, 0);
AT(mortise_mail_v1, send, 8);
AT(mortise_mail_v1, configured, 16);

AT(mortise_metrics_v1, struct_size, 0);
AT(mortise_metrics_v1, counter, 8);
AT(mortise_metrics_v1, gauge, 16);
AT(mortise_metrics_v1, histogram, 24);
AT(mortise_metrics_v1, add, 32);
AT(mortise_metrics_v1, set, 40);
AT(mortise_metrics_v1, change, 48);
AT(mortise_metrics_v1, observe, 56);

AT(mortise_org, struct_size, 0);
AT(mortise_org, id, 8);
AT(mortise_org, name, 24);
AT(mortise_org, slug, 40);
AT(mortise_org, tier, 56);
AT(mortise_org, seats_limit, 72);
AT(mortise_org, storage_limit, 80);
AT(mortise_org, seats_used, 88);
AT(mortise_org, created_at, 96);

AT(mortise_new_org, struct_size, 0);
AT(mortise_new_org, name, 8);
AT(mortise_new_org, slug, 24);
AT(mortise_new_org, tier, 40);
AT(mortise_new_org, seats_limit, 56);
AT(mortise_new_org, storage_limit, 64);
AT(mortise_new_org, founder_id, 72);
AT(mortise_new_org, founder_role, 88);

AT(mortise_org_change, struct_size, 0);
AT(mortise_org_change, name, 8);
AT(mortise_org_change, tier, 24);
AT(mortise_org_change, seats_limit, 40);
AT(mortise_org_change, storage_limit, 48);

AT(mortise_member, struct_size, 0);
AT(mortise_member, org_id, 8);
AT(mortise_member, user_id, 24);
AT(mortise_member, role, 40);
AT(mortise_member, joined_at, 56);
AT(mortise_member, email, 64);
AT(mortise_member, username, 80);
AT(mortise_member, nickname, 96);

AT(mortise_orgs_v1, struct_size, 0);
AT(mortise_orgs_v1, create, 8);
AT(mortise_orgs_v1, find, 16);
AT(mortise_orgs_v1, list, 24);
AT(mortise_orgs_v1, change, 32);
AT(mortise_orgs_v1, remove, 40);
AT(mortise_orgs_v1, members, 48);
AT(mortise_orgs_v1, membership, 56);
AT(mortise_orgs_v1, add_member, 64);
AT(mortise_orgs_v1, set_role, 72);
AT(mortise_orgs_v1, remove_member, 80);
AT(mortise_orgs_v1, require_feature, 88);

AT(struct mortise_host, struct_size, 0);
AT(struct mortise_host, abi_major, 4);
AT(struct mortise_host, abi_minor, 6);
AT(struct mortise_host, kernel, 8);
AT(struct mortise_host, lookup, 16);

AT(mortise_module, struct_size, 0);
AT(mortise_module, abi_major, 4);
AT(mortise_module, abi_minor, 6);
AT(mortise_module, manifest, 8);
AT(mortise_module, manifest_size, 16);
AT(mortise_module, create, 24);
AT(mortise_module, start, 32);
AT(mortise_module, stop, 40);
AT(mortise_module, destroy, 48);
AT(mortise_module, handle, 56);
AT(mortise_module, run_job, 64);
AT(mortise_module, lookup, 72);
AT(mortise_module, bindings, 80);

AT(mortise_secrets_v1, struct_size, 0);
AT(mortise_secrets_v1, named, 8);
AT(mortise_secrets_v1, derive, 16);
AT(mortise_secrets_v1, seal, 24);
AT(mortise_secrets_v1, unseal, 32);

IS(MORTISE_OK, 0);
IS(MORTISE_FAILED, 1);
IS(MORTISE_INVALID, 2);
IS(MORTISE_NOT_FOUND, 3);
IS(MORTISE_EXISTS, 4);
IS(MORTISE_DENIED, 5);
IS(MORTISE_UNAVAILABLE, 6);
IS(MORTISE_FULL, 7);
IS(MORTISE_TIMEOUT, 8);
IS(MORTISE_CLOSED, 9);
IS(MORTISE_PENDING, 10);
IS(MORTISE_NULL, 0);
IS(MORTISE_BOOLEAN, 1);
IS(MORTISE_INTEGER, 2);
IS(MORTISE_REAL, 3);
IS(MORTISE_TEXT, 4);
IS(MORTISE_LIST, 5);
IS(MORTISE_OBJECT, 6);
IS(MORTISE_IN_PATH, 0);
IS(MORTISE_IN_QUERY, 1);
IS(MORTISE_IN_HEADER, 2);
IS(MORTISE_CREDENTIAL_NONE, 0);
IS(MORTISE_CREDENTIAL_BEARER, 1);
IS(MORTISE_CREDENTIAL_KEY, 2);
IS(MORTISE_CREDENTIAL_COOKIE, 3);
IS(MORTISE_CREDENTIAL_QUERY, 4);
IS(MORTISE_USER_ID, 0);
IS(MORTISE_USER_USERNAME, 1);
IS(MORTISE_USER_USERNAME_FOLDED, 2);
IS(MORTISE_USER_EMAIL, 3);
IS(MORTISE_SESSION_ROTATING, 0);
IS(MORTISE_SESSION_STATELESS, 1);
IS(MORTISE_LOG_DEBUG, 1);
IS(MORTISE_LOG_INFO, 2);
IS(MORTISE_LOG_WARNING, 3);
IS(MORTISE_LOG_ERROR, 4);

/* jobs/1 grew, scheduler/1 came */
AT(mortise_job, name, 72);
AT(mortise_job, description, 88);
AT(mortise_job, jitter_seconds, 104);
AT(mortise_job, time_limit_seconds, 112);
AT(mortise_job, max_instances, 120);
AT(mortise_job, misfire_grace_seconds, 128);
AT(mortise_job, each_missed, 136);

AT(mortise_job_state, struct_size, 0);
AT(mortise_job_state, id, 8);
AT(mortise_job_state, trigger, 24);
AT(mortise_job_state, zone, 40);
AT(mortise_job_state, next_run_at, 56);
AT(mortise_job_state, last_run_at, 64);
AT(mortise_job_state, declared, 72);
AT(mortise_job_state, paused, 76);
AT(mortise_job_state, running, 80);

AT(mortise_jobs_v1, list, 112);
AT(mortise_jobs_v1, due_at, 120);
AT(mortise_jobs_v1, created_by, 128);

AT(mortise_trigger, struct_size, 0);
AT(mortise_trigger, type, 8);
AT(mortise_trigger, timezone, 24);
AT(mortise_trigger, cron_expression, 40);
AT(mortise_trigger, second, 56);
AT(mortise_trigger, minute, 72);
AT(mortise_trigger, hour, 88);
AT(mortise_trigger, day, 104);
AT(mortise_trigger, month, 120);
AT(mortise_trigger, weekday, 136);
AT(mortise_trigger, year, 152);
AT(mortise_trigger, weeks, 168);
AT(mortise_trigger, days, 176);
AT(mortise_trigger, hours, 184);
AT(mortise_trigger, minutes, 192);
AT(mortise_trigger, seconds, 200);
AT(mortise_trigger, run_date, 208);

AT(mortise_scheduled_job, struct_size, 0);
AT(mortise_scheduled_job, id, 8);
AT(mortise_scheduled_job, module, 24);
AT(mortise_scheduled_job, job, 40);
AT(mortise_scheduled_job, name, 56);
AT(mortise_scheduled_job, description, 72);
AT(mortise_scheduled_job, builtin, 88);
AT(mortise_scheduled_job, paused, 92);
AT(mortise_scheduled_job, loaded, 96);
AT(mortise_scheduled_job, running, 104);
AT(mortise_scheduled_job, next_run_at, 112);
AT(mortise_scheduled_job, next_run_time, 120);
AT(mortise_scheduled_job, last_run_at, 136);
AT(mortise_scheduled_job, last_run_time, 144);
AT(mortise_scheduled_job, trigger_type, 160);
AT(mortise_scheduled_job, trigger_text, 176);
AT(mortise_scheduled_job, timezone, 192);
AT(mortise_scheduled_job, second, 208);
AT(mortise_scheduled_job, minute, 224);
AT(mortise_scheduled_job, hour, 240);
AT(mortise_scheduled_job, day, 256);
AT(mortise_scheduled_job, month, 272);
AT(mortise_scheduled_job, weekday, 288);
AT(mortise_scheduled_job, year, 304);
AT(mortise_scheduled_job, payload, 320);
AT(mortise_scheduled_job, misfire_grace_seconds, 336);
AT(mortise_scheduled_job, max_instances, 344);
AT(mortise_scheduled_job, coalesce, 352);
AT(mortise_scheduled_job, jitter_seconds, 360);
AT(mortise_scheduled_job, time_limit_seconds, 368);

AT(mortise_job_run_record, struct_size, 0);
AT(mortise_job_run_record, id, 8);
AT(mortise_job_run_record, job_id, 24);
AT(mortise_job_run_record, outcome, 40);
AT(mortise_job_run_record, error, 56);
AT(mortise_job_run_record, output, 72);
AT(mortise_job_run_record, node, 88);
AT(mortise_job_run_record, due_at, 104);
AT(mortise_job_run_record, started_at, 112);
AT(mortise_job_run_record, ended_at, 120);
AT(mortise_job_run_record, manual, 128);
AT(mortise_job_run_record, created_by, 136);
AT(mortise_job_run_record, percent, 144);
AT(mortise_job_run_record, progress, 152);

AT(mortise_scheduler_status, struct_size, 0);
AT(mortise_scheduler_status, enabled, 4);
AT(mortise_scheduler_status, runner, 8);
AT(mortise_scheduler_status, node, 16);
AT(mortise_scheduler_status, runner_node, 32);
AT(mortise_scheduler_status, epoch, 48);
AT(mortise_scheduler_status, jobs, 56);
AT(mortise_scheduler_status, running, 64);

AT(mortise_scheduler_reload, struct_size, 0);
AT(mortise_scheduler_reload, deleted, 8);
AT(mortise_scheduler_reload, deleted_size, 16);
AT(mortise_scheduler_reload, deleted_count, 24);
AT(mortise_scheduler_reload, reloaded, 32);
AT(mortise_scheduler_reload, reloaded_size, 40);

AT(mortise_scheduler_v1, struct_size, 0);
AT(mortise_scheduler_v1, enable, 8);
AT(mortise_scheduler_v1, status, 16);
AT(mortise_scheduler_v1, list, 24);
AT(mortise_scheduler_v1, find, 32);
AT(mortise_scheduler_v1, change_trigger, 40);
AT(mortise_scheduler_v1, pause, 48);
AT(mortise_scheduler_v1, resume, 56);
AT(mortise_scheduler_v1, run_now, 64);
AT(mortise_scheduler_v1, remove, 72);
AT(mortise_scheduler_v1, reload, 80);
AT(mortise_scheduler_v1, runs, 88);
AT(mortise_scheduler_v1, cancel_run, 96);
AT(mortise_scheduler_v1, purge_runs, 104);
AT(mortise_scheduler_v1, preview, 112);

AT(mortise_bucket, struct_size, 0);
AT(mortise_bucket, exists, 4);
AT(mortise_bucket, is_default, 8);
AT(mortise_bucket, secure, 12);
AT(mortise_bucket, name, 16);
AT(mortise_bucket, endpoint, 32);

AT(mortise_object, struct_size, 0);
AT(mortise_object, bucket, 8);
AT(mortise_object, name, 24);
AT(mortise_object, etag, 40);
AT(mortise_object, version_id, 56);
AT(mortise_object, content_type, 72);
AT(mortise_object, size, 88);
AT(mortise_object, modified_at, 96);

AT(mortise_objects_v1, struct_size, 0);
AT(mortise_objects_v1, bucket, 8);
AT(mortise_objects_v1, put, 16);
AT(mortise_objects_v1, put_file, 24);
AT(mortise_objects_v1, stat, 32);
AT(mortise_objects_v1, open, 40);
AT(mortise_objects_v1, close, 48);
AT(mortise_objects_v1, remove, 56);
AT(mortise_objects_v1, presign, 64);

AT(mortise_health_v1, struct_size, 0);
AT(mortise_health_v1, add, 8);

/* sync.sessions/1, since sync 1.0 */
AT(mortise_sync_session, struct_size, 0);
AT(mortise_sync_session, type, 8);
AT(mortise_sync_session, category, 24);
AT(mortise_sync_session, created_by, 40);
AT(mortise_sync_target, instance_id, 0);
AT(mortise_sync_target, name, 8);
AT(mortise_sync_counters, struct_size, 0);
AT(mortise_sync_counters, synced, 8);
AT(mortise_sync_counters, created, 16);
AT(mortise_sync_counters, updated, 24);
AT(mortise_sync_counters, deleted, 32);
AT(mortise_sync_state, struct_size, 0);
AT(mortise_sync_state, status, 4);
AT(mortise_sync_state, total, 24);
AT(mortise_sync_state, successful, 32);
AT(mortise_sync_state, failed, 40);
AT(mortise_sync_sessions_v1, struct_size, 0);
AT(mortise_sync_sessions_v1, context, 8);
AT(mortise_sync_sessions_v1, open, 16);
AT(mortise_sync_sessions_v1, add_targets, 24);
AT(mortise_sync_sessions_v1, start, 32);
AT(mortise_sync_sessions_v1, progress, 40);
AT(mortise_sync_sessions_v1, complete, 48);
AT(mortise_sync_sessions_v1, fail, 56);
AT(mortise_sync_sessions_v1, log_error, 64);
AT(mortise_sync_sessions_v1, finish, 72);
AT(mortise_sync_sessions_v1, cancel, 80);
AT(mortise_sync_sessions_v1, cancelled, 88);
AT(mortise_sync_sessions_v1, read, 96);
FIXED(mortise_sync_target, 24);

/* skills.catalog/1, since skills 1.0 */
AT(mortise_skill, struct_size, 0);
AT(mortise_skill, enabled, 4);
AT(mortise_skill, id, 8);
AT(mortise_skill, slug, 24);
AT(mortise_skill, name, 40);
AT(mortise_skill, description, 56);
AT(mortise_skill, version, 72);
AT(mortise_skill, source_type, 88);
AT(mortise_skill, source_ref, 104);
AT(mortise_skill, runtime_type, 120);
AT(mortise_skill, installed_by, 136);
AT(mortise_skill, created_at, 152);
AT(mortise_skill, updated_at, 168);
AT(mortise_skill, last_sync_at, 184);
AT(mortise_skill, bundle_file_count, 200);
AT(mortise_skill, context_ref_count, 208);
AT(mortise_skill_texts, struct_size, 0);
AT(mortise_skill_texts, manifest, 8);
AT(mortise_skill_texts, skill_md, 24);
AT(mortise_skill_texts, body, 40);
AT(mortise_skill_texts, context_blob, 56);
AT(mortise_skill_tool, struct_size, 0);
AT(mortise_skill_tool, model_invocable, 4);
AT(mortise_skill_tool, skill_id, 8);
AT(mortise_skill_tool, name, 24);
AT(mortise_skill_tool, function_name, 40);
AT(mortise_skill_tool, description, 56);
AT(mortise_skill_tool, parameters, 72);
AT(mortise_skill_tool, required, 88);
AT(mortise_skill_tool, entry, 104);
AT(mortise_skill_tool, risk_level, 120);
AT(mortise_skill_tool, runtime_type, 136);
AT(mortise_skill_file, struct_size, 0);
AT(mortise_skill_file, is_text, 4);
AT(mortise_skill_file, path, 8);
AT(mortise_skill_file, sha256, 24);
AT(mortise_skill_file, size, 40);
AT(mortise_skills_catalog_v1, struct_size, 0);
AT(mortise_skills_catalog_v1, context, 8);
AT(mortise_skills_catalog_v1, list, 16);
AT(mortise_skills_catalog_v1, find, 24);
AT(mortise_skills_catalog_v1, select, 32);
AT(mortise_skills_catalog_v1, tools, 40);
AT(mortise_skills_catalog_v1, files, 48);
AT(mortise_skills_catalog_v1, read_file, 56);
AT(mortise_skills_catalog_v1, policy_mode, 64);
AT(mortise_skills_catalog_v1, preference, 72);
AT(mortise_skills_catalog_v1, set_preference, 80);
AT(mortise_skills_catalog_v1, preferences, 88);
AT(mortise_skills_catalog_v1, check_command, 96);
AT(mortise_skills_catalog_v1, generation, 104);

AT(mortise_stored_file, struct_size, 0);
AT(mortise_stored_file, id, 8);
AT(mortise_stored_file, owner_id, 24);
AT(mortise_stored_file, filename, 40);
AT(mortise_stored_file, extension, 56);
AT(mortise_stored_file, key, 72);
AT(mortise_stored_file, filepath, 88);
AT(mortise_stored_file, mime_type, 104);
AT(mortise_stored_file, detected_type, 120);
AT(mortise_stored_file, sha256, 136);
AT(mortise_stored_file, size, 152);
AT(mortise_stored_file, created_at, 160);
AT(mortise_new_file, struct_size, 0);
AT(mortise_new_file, owner_id, 8);
AT(mortise_new_file, filename, 24);
AT(mortise_new_file, mime_type, 40);
AT(mortise_files_store_v1, struct_size, 0);
AT(mortise_files_store_v1, context, 8);
AT(mortise_files_store_v1, put, 16);
AT(mortise_files_store_v1, put_bytes, 24);
AT(mortise_files_store_v1, find, 32);
AT(mortise_files_store_v1, list, 40);
AT(mortise_files_store_v1, open, 48);
AT(mortise_files_store_v1, close, 56);
AT(mortise_files_store_v1, remove, 64);
AT(mortise_files_store_v1, set_filepath, 72);
