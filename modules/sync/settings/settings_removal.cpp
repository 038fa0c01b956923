#include "settings/settings_removal.hpp"

#include "audits/audit_report.hpp"
#include "settings/github_installations.hpp"
#include "settings/gitlab_settings.hpp"
#include "settings/judge_settings.hpp"
#include "settings/triggers.hpp"
#include "webhooks/review_comment.hpp"

namespace session_sharing {

void removeSettingsOf(const mortise::Transaction& tx, mortise::Db db, std::string_view userId) {
  JudgeStore(db).in(tx).remove(userId);
  TriggerStore(db).in(tx).remove(userId);
  GitlabStore(db).in(tx).remove(userId);
  GithubStore(db).in(tx).release(userId);
  GithubStore(db).in(tx).forgetStatesOf(userId);
  ReviewCommentStore(db).in(tx).removeOfUser(userId);
  AuditStore(db).in(tx).removeOfUser(userId);
}

}  // namespace session_sharing
