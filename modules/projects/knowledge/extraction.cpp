#include "knowledge/extraction.hpp"

#include <mortise/problem.hpp>
#include <mortise/time.hpp>

#include <algorithm>
#include <chrono>
#include <exception>
#include <functional>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include "knowledge/classification.hpp"
#include "knowledge/parsed_json.hpp"
#include "knowledge/session_findings.hpp"

namespace projects {
namespace {

using mortise::JobRun;
using mortise::Problem;
using mortise::Transaction;

constexpr const char* kPushed = "sync.session_pushed";
constexpr std::size_t kMaxBackFills = 20, kMaxSessions = 100;
constexpr std::int64_t kBackFilledSessions = 20;
constexpr std::int64_t kLeastMessages = 5;  // of a session that was pushed
constexpr std::int64_t kMaxTries = 5;
constexpr std::chrono::minutes kFirstPause{5};
constexpr std::chrono::hours kKept{90 * 24};
constexpr std::int64_t kForgottenAtOnce = 5000;

std::string memberText(const rapidjson::Value& object, const char* name) {
  const auto member = object.FindMember(name);
  return member != object.MemberEnd() && member->value.IsString()
             ? std::string(member->value.GetString(), member->value.GetStringLength())
             : std::string();
}

struct Failure {
  std::string reason;
  bool isFinal = false;  // it is not over later
};

// What keeps the work from its end.
std::optional<Failure> failureOf(const std::function<void()>& work) {
  try {
    work();
    return std::nullopt;
  } catch (const Problem& problem) {
    return Failure{std::string(problem.code()), problem.status() == 422};  // there is nothing in it
  } catch (const std::exception& error) {
    return Failure{error.what()};
  }
}

}  // namespace

KnowledgeExtraction::KnowledgeExtraction(mortise::Host host, const ProjectAccess& access,
                                         const CapturedSessions& sessions, const EntryAdding& adding,
                                         const ProjectChanges& changes)
    : db_(host.db()),
      jobs_(host.jobs()),
      events_(host.events()),
      orgs_(host.orgs()),
      log_(host.log()),
      store_(db_),
      projects_(db_),
      access_(access),
      sessions_(sessions),
      adding_(adding),
      changes_(changes),
      extracted_(host.metrics().counter("extractions_total", "Sessions that were looked through for knowledge",
                                        {{"outcome", "done"}})),
      failed_(host.metrics().counter("extractions_total", "Sessions that were looked through for knowledge",
                                     {{"outcome", "failed"}})) {}

void KnowledgeExtraction::start() {
  pushes_ = events_.subscribe(kPushed, [this](const mortise::Event& event) {
    if (!event.remote) noted(event.payload);  // the server that took the push notes it
  });
}

void KnowledgeExtraction::stop() { pushes_.end(); }

void KnowledgeExtraction::noted(std::string_view payload) const {
  const auto event = parsedJson(payload);
  if (!event || !event->IsObject()) return;
  Extraction extraction;
  extraction.sessionId = memberText(*event, "session_id");
  extraction.userId = memberText(*event, "user_id");
  extraction.etag = memberText(*event, "etag");
  if (extraction.sessionId.empty() || extraction.etag.empty()) return;
  const auto session = sessions_.find(extraction.sessionId);
  if (!session || !projectOf(extraction, *session)) return;
  store_.request(extraction, mortise::now());
  jobs_.trigger("extract_knowledge");
}

std::optional<ReachedProject> KnowledgeExtraction::projectOf(const Extraction& extraction,
                                                             const mortise::KnownSession& session) const {
  std::optional<Project> project;
  if (extraction.projectId) {
    project = projects_.find(*extraction.projectId);
  } else if (!session.projectId.empty()) {
    project = projects_.find(session.projectId);
  } else if (!session.gitRemote.empty()) {
    project = projects_.ofRemote(session.gitRemote);
  }
  if (!project || project->mergedInto) return std::nullopt;
  Person person;
  person.userId = session.userId;
  const auto member = orgs_.membership(session.userId);
  if (member) {
    person.orgId = member->orgId;
    person.orgRole = member->role;
  }
  return access_.rightsOf(person, *std::move(project));
}

void KnowledgeExtraction::backFill(const BackFill& backFill) const {
  const auto project = projects_.find(backFill.projectId);
  if (project && !project->mergedInto && access_.userReaches(backFill.userId, *project)) {
    std::vector<mortise::KnownSession> newest;
    for (const auto& repo : projects_.reposOf(project->id)) {
      auto sessions = sessions_.newest(backFill.userId, repo.gitRemote, kBackFilledSessions);
      std::move(sessions.begin(), sessions.end(), std::back_inserter(newest));
    }
    std::sort(newest.begin(), newest.end(), [](const auto& a, const auto& b) { return a.updatedAt > b.updatedAt; });
    if (newest.size() > kBackFilledSessions) newest.resize(kBackFilledSessions);
    for (const auto& session : newest)
      store_.request({session.id, session.userId, session.etag, project->id}, mortise::now());
  }
  store_.removeBackFill(backFill);
}

void KnowledgeExtraction::extract(const Extraction& extraction) const {
  const auto session = sessions_.find(extraction.sessionId);
  const auto reached = session ? projectOf(extraction, *session) : std::nullopt;
  const auto summary = reached ? sessions_.summary(extraction.sessionId) : std::nullopt;
  if (!summary) return store_.done(extraction);
  const auto now = mortise::now();
  const auto& project = reached->project;
  std::vector<Entry> entries;
  // A project that is new looks at shorter ones, too.
  for (auto& finding : sessionFindings(summary->json, extraction.projectId ? 0 : kLeastMessages)) {
    Entry entry;
    entry.projectId = project.id;
    entry.sessionId = session->id;
    entry.userId = session->userId;
    entry.type = finding.type;
    entry.content = std::move(finding.content);
    entry.authorClass = AuthorClass::agent;
    entry.byReader = !reached->canEdit;
    entry.claimClass = entry.byReader ? ClaimClass::note : ClaimClass::evidence;
    entry.confidence = entry.byReader ? std::min(finding.confidence, kReaderConfidence) : finding.confidence;
    entry.sourceContext = "Summary of the session";
    entry.createdAt = now;
    entries.push_back(std::move(entry));
  }
  // Each archive once, whatever was pushed meanwhile.
  auto looked = extraction;
  looked.etag = summary->etag;
  const auto count = db_.transaction([&](Transaction& tx) {
    if (!projects_.in(tx).lock(project.id)) return std::int64_t{0};
    if (!store_.in(tx).begin(project.id, looked, now)) return std::int64_t{0};
    const auto added = adding_.addEvidence(tx, project, entries, session->userId, reached->canEdit);
    if (added > 0)
      changes_.record(tx, {ProjectEvent::knowledgeChanged, project.id, session->id, "extracted", session->userId});
    return added;
  });
  store_.done(extraction);
  extracted_.add();
  log_.info("knowledge extracted from a session",
            {{"project_id", project.id}, {"session_id", session->id}, {"entries", count}});
}

// A try counts before it begins: what fails, and what ends the server, is tried later, a few times, so that it never
// keeps the others from their turn.
void KnowledgeExtraction::run(JobRun& run) {
  for (const auto& one : store_.backFills(kMaxBackFills)) {
    if (run.cancelled()) return;
    store_.postpone(one, mortise::now());
    const auto failure = one.tries < kMaxTries ? failureOf([&] { backFill(one); }) : Failure{"it was tried too often"};
    if (!failure) continue;
    log_.warning("sessions of a project can't be asked for",
                 {{"project_id", one.projectId}, {"reason", failure->reason}});
    if (failure->isFinal || one.tries + 1 >= kMaxTries) store_.removeBackFill(one);
  }
  for (const auto& one : store_.due(mortise::now(), kMaxSessions)) {
    if (run.cancelled()) return;
    store_.postpone(one, mortise::now() + kFirstPause * (1 << std::min(one.tries, kMaxTries)));
    const auto failure = one.tries < kMaxTries ? failureOf([&] { extract(one); }) : Failure{"it was tried too often"};
    if (!failure) continue;
    failed_.add();
    if (!failure->isFinal && one.tries + 1 < kMaxTries) continue;
    log_.warning("a session can't be looked through", {{"session_id", one.sessionId}, {"reason", failure->reason}});
    store_.done(one);
  }
  store_.forgetBefore(mortise::now() - kKept, kForgottenAtOnce);
}

}  // namespace projects
