#include "archives/pushes.hpp"

#include <mortise/json.hpp>
#include <mortise/problem.hpp>
#include <mortise/time.hpp>

#include <algorithm>
#include <chrono>
#include <utility>

#include "archives/without_secrets.hpp"
#include "projects/project_link.hpp"

namespace session_sharing {
namespace {

namespace json = mortise::json;
using mortise::Blob;
using mortise::File;
using mortise::Problem;
using mortise::Request;
using mortise::Transaction;

constexpr int kAttempts = 5;

// Clients of before name their version in User-Agent alone.
ClientNames clientOf(const Request& request) {
  constexpr std::string_view kAgent = "sessionfs-cli/";
  ClientNames client{mortise::orNull(request.header("X-Client-Version")),
                     mortise::orNull(request.header("X-Client-Platform")),
                     mortise::orNull(request.header("X-Client-Device"))};
  const std::string_view agent = request.header("User-Agent");
  if (!client.version && agent.starts_with(kAgent))
    client.version = mortise::orNull(agent.substr(kAgent.size(), agent.find(' ') - kAgent.size()));
  return client;
}

// What was given by hand, for the policy on secrets.
std::vector<GivenText> textsOf(std::optional<GivenMetadata>& metadata) {
  std::vector<GivenText> texts;
  if (!metadata) return texts;
  texts.push_back({&metadata->sourceTool, 0, false});
  if (metadata->title) texts.push_back({&*metadata->title, kGivenTitle});
  for (auto& tag : metadata->tags) texts.push_back({&tag, kGivenTag});
  return texts;
}

// How long each phase took, as Server-Timing has it.
class Phases {
 public:
  void end(const char* name) {
    const auto now = Clock::now();
    const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(now - last_).count();
    text_.append(text_.empty() ? "" : ", ").append(name).append(";dur=").append(std::to_string(took));
    last_ = now;
  }
  const std::string& text() const { return text_; }
  double seconds() const { return std::chrono::duration<double>(last_ - begin_).count(); }

 private:
  using Clock = std::chrono::steady_clock;
  const Clock::time_point begin_ = Clock::now();
  Clock::time_point last_ = begin_;
  std::string text_;
};

}  // namespace

struct Pushes::Accepted {
  ArchiveContents contents;
  std::optional<GivenMetadata> callerMetadata;
  std::optional<std::string> scanResults;
  std::optional<Blob> redacted;
  std::optional<File> redactedFile;
};

Pushes::Pushes(mortise::Host host, const ProjectLookup& projects, const HeldBlobs& held)
    : log_(host.log()),
      db_(host.db()),
      blobs_(host.blobs()),
      audit_(host.audit()),
      identity_(host.identity()),
      events_(host.events()),
      projects_(projects),
      held_(held),
      limits_(host.config()),
      store_(db_),
      index_(db_),
      links_(db_),
      handoffs_(db_),
      inspection_(host),
      clients_(db_),
      followUps_(db_),
      stored_(host.metrics().counter("pushes_total", "Pushed archives, by outcome", {{"outcome", "stored"}})),
      refused_(host.metrics().counter("pushes_total", "Pushed archives, by outcome", {{"outcome", "refused"}})),
      bytes_(host.metrics().counter("pushed_bytes_total", "Bytes of the archives that were stored")),
      seconds_(host.metrics().histogram("push_seconds", "Time to check, read and store an archive that has arrived")) {}

Pushes::Accepted Pushes::accept(const Request& request, const File& archive,
                                const std::optional<GivenMetadata>& callerMetadata) const {
  const auto limits = limits_.reading(request.principal().tier);
  const auto cancelled = [&] { request.stopIfExpired(); };
  Accepted accepted;
  accepted.contents = readContents(bytesOf(archive), limits, withoutSecrets, cancelled);
  accepted.callerMetadata = callerMetadata;
  auto outcome = inspection_.inspect(archive, textsOf(accepted.callerMetadata), request);
  accepted.scanResults = std::move(outcome.scanResults);
  if (!outcome.redacted) return accepted;
  accepted.redacted = std::move(outcome.redacted);
  try {
    accepted.redactedFile = blobs_.open(accepted.redacted->key);
    accepted.contents = readContents(bytesOf(*accepted.redactedFile), limits, withoutSecrets, cancelled);
  } catch (...) {
    held_.drop(accepted.redacted->key);
    throw;
  }
  return accepted;
}

CapturedSession Pushes::sessionOf(const PushIntent& intent, const Accepted& accepted, const Blob& blob) const {
  CapturedSession session;
  session.id = intent.sessionId;
  session.userId = intent.userId;
  session.metadata = accepted.contents.metadata;
  session.dlpScanResults = accepted.scanResults;
  session.blobKey = blob.key;
  session.blobSizeBytes = static_cast<std::int64_t>(blob.size);
  session.etag = blob.sha256;
  auto& metadata = session.metadata;
  if (const auto& callerMetadata = accepted.callerMetadata) {
    metadata.sourceTool = callerMetadata->sourceTool;
    if (callerMetadata->title) metadata.title = callerMetadata->title;
    if (!callerMetadata->tags.empty()) metadata.tags = callerMetadata->tags;
  }
  linkToProject(session, projects_);
  session.createdAt = session.updatedAt = session.uploadedAt = mortise::now();
  return session;
}

struct Pushes::Write {
  CapturedSession session;
  SearchEntry entry;
  bool existed = false;  // before the archive was read
  const PushWay& way;
  std::optional<std::string> released;  // the blob that the session held until then
};

PushedSession Pushes::write(Transaction& tx, const Request& request, const PushIntent& intent, Write& write) const {
  // A push takes minutes; what an account has is forgotten once, when it goes.
  if (!identity_.in(tx).find(mortise::UserKey::id, intent.userId)) throw Problem(401, "not_authenticated");
  auto pushed = change(tx, request, intent, write);
  index_.in(tx).put(write.entry);
  if (write.way.isFromClient) clients_.in(tx).notePush(intent.userId, clientOf(request), write.session.updatedAt);
  followUps_.pushed(tx, pushed.session);
  if (write.way.also) write.way.also(tx, pushed);
  const auto& session = pushed.session;
  const auto project = session.projectId ? json::value(*session.projectId) : json::Value();
  events_.publish(
      "sync.session_pushed",
      json::object(
          {{"session_id", session.id}, {"user_id", session.userId}, {"project_id", project}, {"etag", session.etag}})
          .text());
  return pushed;
}

PushedSession Pushes::change(Transaction& tx, const Request& request, const PushIntent& intent, Write& write) const {
  auto& session = write.session;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    write.released.reset();
    const auto current = store_.in(tx).find(session.id);
    checkIntent(intent, current);
    // Of two pushes that create it at once one wins. The other did not mean to replace anything.
    if (current && !write.existed) throw Problem(409, "session_id_taken");
    if (!current) {
      if (!store_.in(tx).put(session)) throw Problem(409, "session_id_taken");
      return {.session = session, .isNew = true};
    }
    session.createdAt = current->createdAt;
    write.released = store_.in(tx).replaceIf(session, {.etag = intent.ifMatch, .isDeleted = current->isDeleted});
    if (!write.released) continue;  // it changed between the two: what holds now?
    if (current->isDeleted) {
      // Whoever was promised what it held before gets nothing else under that name.
      const auto now = session.updatedAt;
      links_.in(tx).revokeAllOf(session.id, now);
      handoffs_.in(tx).expirePendingOf(session.id, now);
      audit_.in(tx).record(request, "sync.session_restored", "session:" + session.id, json::object({{"by", "push"}}));
    }
    return {.session = session};
  }
  throw Problem(409, "concurrent_update").retryAfter(1).details(json::object({{"retryable", true}}).text());
}

PushedSession Pushes::push(const Request& request, const PushIntent& intent, const File& archive,
                           const PushWay& way) const {
  Phases phases;
  auto blob = way.stored;
  try {
    const auto before = store_.find(intent.sessionId);
    checkIntent(intent, before);
    const auto accepted = accept(request, archive, way.callerMetadata);
    phases.end("read");
    if (accepted.redacted) {
      if (blob) held_.drop(blob->key);
      blob = accepted.redacted;
    }
    const auto& file = accepted.redactedFile ? *accepted.redactedFile : archive;
    if (!blob) blob = blobs_.put(file);
    phases.end("store");
    auto session = sessionOf(intent, accepted, *blob);
    auto entry = index_.entry(session, accepted.contents.searchText);
    Write change{std::move(session), std::move(entry), before.has_value(), way, {}};
    request.stopIfExpired();
    auto pushed = held_.keep(
        blob->key, [&](Transaction& tx) { return write(tx, request, intent, change); }, [&] { blobs_.put(file); });
    if (change.released && *change.released != blob->key)
      pushed.cleanUp = [this, key = *change.released] { held_.drop(key); };
    phases.end("commit");
    pushed.timing = phases.text();
    stored_.add();
    bytes_.add(blob->size);
    seconds_.observe(phases.seconds());
    log_.info("session pushed", {{"session", pushed.session.id},
                                 {"bytes", pushed.session.blobSizeBytes},
                                 {"new", pushed.isNew},
                                 {"request", request.id()}});
    return pushed;
  } catch (...) {
    refused_.add();
    if (blob) held_.drop(blob->key);
    throw;
  }
}

}  // namespace session_sharing
