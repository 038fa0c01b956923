#include "wiki/wiki_operations.hpp"

#include <mortise/characters.hpp>
#include <mortise/json.hpp>
#include <mortise/paging.hpp>
#include <mortise/problem.hpp>
#include <mortise/text.hpp>
#include <mortise/time.hpp>
#include <mortise/uuid.hpp>
#include <mortise/white_space.hpp>

#include <algorithm>
#include <utility>

#include "knowledge/knowledge_pages.hpp"
#include "personas/persona_reach.hpp"
#include "wiki/page_article.hpp"
#include "wiki/page_merge.hpp"
#include "wiki/page_text.hpp"

namespace projects {
namespace {

namespace contract = projects_contract::wiki;
namespace json = mortise::json;
using mortise::Problem;
using mortise::Reply;
using mortise::Transaction;

constexpr const char* kFeature = "project_context";
constexpr std::size_t kMaxBacklinks = 500;    // shown
constexpr std::size_t kMaxEntriesUsed = 200;  // in one page
constexpr std::int64_t kMaxTokens = 8000;     // of a model's page
constexpr std::string_view kHistory = "/history";
constexpr std::string_view kRegenerate = "/regenerate";

// {revisions, count, next_cursor}: the cursor is a number here, and stands in the body by hand.
constexpr auto kHistoryPages = [] {
  auto form = mortise::cursorPages("revisions");
  form.count = "count";
  form.hasMore = form.nextCursor = nullptr;
  return form;
}();

// The slug, whether it came with a slash at its end or not. Problem 422.
std::string checkedSlug(std::string_view slug) {
  if (slug.size() > 1 && slug.back() == '/') slug.remove_suffix(1);
  if (mortise::characterCount(slug) > kMaxSlug) {
    throw Problem(422, "validation_failed")
        .field("path/slug", "string_too_long", {{"max_length", std::to_string(kMaxSlug)}});
  }
  if (!mortise::isOneLine(slug)) throw Problem(422, "validation_failed").field("path/slug", "slug_control_characters");
  return std::string(slug);
}

// What stands before such an end, if the path has it.
std::optional<std::string_view> before(std::string_view end, std::string_view path) {
  if (path.size() > end.size() + 1 && path.back() == '/') path.remove_suffix(1);
  if (path.size() <= end.size() || path.substr(path.size() - end.size()) != end) return std::nullopt;
  return path.substr(0, path.size() - end.size());
}

}  // namespace

WikiOperations::WikiOperations(mortise::Host host, const ProjectAccess& access, const ProjectChanges& changes,
                               const ModelMerge& models)
    : db_(host.db()),
      audit_(host.audit()),
      pages_(db_),
      pageLinks_(db_),
      links_(db_),
      entries_(db_),
      compilations_(db_),
      personas_(db_),
      tickets_(db_),
      access_(access),
      changes_(changes),
      models_(models),
      keptRevisions_(host.config().integer("page_revisions")),
      keptCompilations_(host.config().integer("compilations_kept")) {}

void WikiOperations::removed(Transaction& tx, std::string_view projectId) { pages_.in(tx).removeAllOf(projectId); }

void WikiOperations::merged(Transaction& tx, ProjectMerge& merge) {
  mergePages(pages_.in(tx), pageLinks_.in(tx), merge);
}

json::Value WikiOperations::shown(const Page& page) const {
  return json::from(page)
      .add("backlinks", json::list(links_.backlinks(page.projectId, kPageKind, page.id, kMaxBacklinks)))
      .build();
}

Reply WikiOperations::listPages(const Request& request) {
  return Reply::ok(json::list(pages_.list(access_.reach(request).project.id)));
}

Reply WikiOperations::readPage(const Request& request) {
  const auto path = request.path("slug");
  if (const auto slug = before(kHistory, path)) return history(request, *slug);
  const auto slug = checkedSlug(path);
  const auto reached = access_.reach(request);
  return Reply::ok(shown(mortise::orNotFound(pages_.find(reached.project.id, slug), "page_not_found")));
}

Reply WikiOperations::readPageHistory(const Request& request) { return history(request, request.path("slug")); }

Reply WikiOperations::history(const Request& request, std::string_view pathSlug) const {
  const auto slug = checkedSlug(pathSlug);
  const auto reached = access_.reach(request);
  const auto revisions = pages_.history(reached.project.id, slug, mortise::Paging::of(request, kHistoryPages));
  std::optional<std::int64_t> next;
  if (revisions.hasMore) next = revisions.items.back().revisionNumber;
  return Reply::ok(revisions.object().add("slug", slug).add("next_cursor", next).build());
}

PageAuthor WikiOperations::authorOf(const Request& request, const Project& project,
                                    const contract::PageWrite& body) const {
  const auto caller = request.principal();
  PageAuthor author;
  author.userId = caller.userId;
  const auto personaName = body.personaName.valueOr(""), ticketId = body.ticketId.valueOr("");
  if (const auto name = mortise::withoutSpaceAround(personaName); !name.empty()) {
    const auto persona = personas_.resolve(project.id, personaOrgOf(caller, project), name);
    if (!persona) throw Problem(422, "persona_not_in_project");
    author.personaName = persona->name;
  }
  if (const auto id = mortise::withoutSpaceAround(ticketId); !id.empty()) {
    const auto ticket = tickets_.find(project.id, id);
    if (!ticket) throw Problem(422, "ticket_not_in_project");
    if (!ticket->isOf(caller.userId)) throw Problem(422, "ticket_not_yours");
    author.ticketId = ticket->id;
  }
  return author;
}

Reply WikiOperations::writePage(const Request& request, const contract::PageWrite& body) {
  const auto slug = checkedSlug(request.path("slug"));
  const auto reached = access_.reachToEdit(request, kFeature);
  const auto& project = reached.project;
  auto oldPage = pages_.find(project.id, slug);
  const auto author = authorOf(request, project, body);
  const bool isNew = !oldPage;
  const auto now = mortise::now();
  Page page = oldPage ? *std::move(oldPage) : Page{};
  if (isNew) {
    if (pages_.countOf(project.id) >= kMaxPages) throw Problem(409, "pages_full").with("most", kMaxPages);
    page.id = mortise::makePrefixedId("page_");
    page.projectId = project.id;
    page.slug = slug;
    page.createdAt = now;
  }
  const auto title = body.title.valueOr("");
  if (const auto newTitle = mortise::withoutSpaceAround(title); !newTitle.empty()) page.title = newTitle;
  if (page.title.empty()) page.title = titleOfSlug(slug);
  page.content = body.content;
  page.autoGenerated = false;
  page.entryCount = 0;
  page.publish = body.publish.valueOr(page.publish);
  page.updatedAt = now;
  db_.transaction([&](Transaction& tx) {
    Page next = page;  // the block may run again
    if (!pages_.in(tx).save(next)) throw Problem(409, "page_write_conflict");
    pages_.in(tx).addRevision(next, author, now, keptRevisions_);
    pageLinks_.in(tx).saved(next, isNew, now);
    changes_.record(
        tx, {ProjectEvent::pageChanged, project.id, slug, isNew ? "created" : "updated", author.userId.value_or("")});
    page.wordCount = next.wordCount;
  });
  return Reply::ok(shown(page));
}

Reply WikiOperations::publishPage(const Request& request, const contract::PagePublishing& body) {
  const auto slug = checkedSlug(request.path("slug"));
  const auto reached = access_.reachToEdit(request, kFeature);
  auto page = mortise::orNotFound(pages_.find(reached.project.id, slug), "page_not_found");
  if (page.publish != body.publish) {
    page.publish = body.publish;
    db_.transaction([&](Transaction& tx) {
      Page next = page;
      if (!pages_.in(tx).save(next)) throw Problem(409, "page_write_conflict");
      audit_.in(tx).record(request, body.publish ? "projects.page_published" : "projects.page_withdrawn",
                           "page:" + page.id);
      changes_.record(tx, {ProjectEvent::pageChanged, reached.project.id, slug, "updated", request.principal().userId});
    });
  }
  return Reply::ok(json::object({{"slug", slug}, {"publish", body.publish}}));
}

Reply WikiOperations::removePage(const Request& request) {
  const auto slug = checkedSlug(request.path("slug"));
  const auto reached = access_.reachToEdit(request, kFeature);
  const auto& project = reached.project;
  db_.transaction([&](Transaction& tx) {
    const auto page = mortise::orNotFound(pages_.in(tx).summaryOf(project.id, slug), "page_not_found");
    if (!pages_.in(tx).remove(project.id, slug, mortise::now())) throw Problem(404, "page_not_found");
    pageLinks_.in(tx).removed(project.id, page.id);
    audit_.in(tx).record(request, "projects.page_removed", "page:" + page.id,
                         json::object({{"project_id", project.id}, {"slug", slug}}));
    changes_.record(tx, {ProjectEvent::pageChanged, project.id, slug, "removed", request.principal().userId});
  });
  return Reply::ok(json::object({{"status", "deleted"}, {"slug", slug}}));
}

Reply WikiOperations::regeneratePage(const Request& request, const std::optional<contract::Regeneration>& body) {
  return regenerated(request, request.path("slug"), body);
}

Reply WikiOperations::regenerateNestedPage(const Request& request, const std::optional<contract::Regeneration>& body) {
  const auto path = request.path("slug");
  const auto slug = before(kRegenerate, path);
  if (!slug) throw Problem(404, "not_found");
  return regenerated(request, *slug, body);
}

std::vector<Entry> WikiOperations::entriesFor(const Request& request, const Page& page) const {
  const auto linked = links_.entriesOf(page.projectId, page.id, kMaxEntriesUsed);
  auto entries = entries_.byIds(page.projectId, linked);
  const auto stop = [&] { request.stopIfExpired(); };
  // A page of one type of claims has no links: it tells all of them.
  if (const auto type = sectionTypeOf(page.slug); type && page.pageType == PageType::section && entries.empty()) {
    EntryFilter claims;
    claims.type = type;
    claims.claimClass = ClaimClass::claim;
    claims.isLive = true;
    claims.order = EntryOrder::confidence;
    claims.limit = kMaxEntriesUsed;
    entries = entries_.list(page.projectId, claims, stop);
  }
  if (entries.empty()) {
    const auto words = titleWords(page.title);
    if (!words.empty()) entries = entries_.mentioning(page.projectId, words, kMaxEntriesUsed, stop);
  }
  std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) { return a.id > b.id; });
  return entries;
}

std::string WikiOperations::articleFor(const Request& request, const Page& page, const std::vector<Entry>& entries,
                                       const std::optional<contract::Regeneration>& body) const {
  const auto choice = body ? models_.choiceOf(modelWishOf(*body)) : std::nullopt;
  if (!choice || entries.empty()) return articleOf(page.title, entries);
  const auto answer = models_.ask(*choice, articlePrompt(), articleQuestion(page.title, entries), kMaxTokens,
                                  [&] { return request.expired(); });
  auto article = articleOfAnswer(page.title, entries, answer);
  if (!article) throw Problem(502, "model_answer_refused");
  return *std::move(article);
}

Reply WikiOperations::regenerated(const Request& request, std::string_view pathSlug,
                                  const std::optional<contract::Regeneration>& body) const {
  const auto slug = checkedSlug(pathSlug);
  const auto reached = access_.reachToEdit(request, kFeature);
  const auto& project = reached.project;
  auto page = mortise::orNotFound(pages_.find(project.id, slug), "page_not_found");
  if (!page.autoGenerated) throw Problem(400, "page_not_generated");
  const auto entries = entriesFor(request, page);
  const auto now = mortise::now();
  Compilation compilation;
  compilation.projectId = project.id;
  compilation.userId = request.principal().userId;
  compilation.entriesCompiled = static_cast<std::int64_t>(entries.size());
  compilation.contextBefore = std::move(page.content);
  compilation.wordsBefore = page.wordCount;
  compilation.compiledAt = now;
  compilation.pageSlug = slug;
  page.content = articleFor(request, page, entries, body);
  page.entryCount = compilation.entriesCompiled;
  page.updatedAt = now;
  db_.transaction([&](Transaction& tx) {
    Page next = page;
    if (!pages_.in(tx).save(next)) throw Problem(409, "page_write_conflict");
    pageLinks_.in(tx).saved(next, false, now);
    auto stored = compilation;
    stored.contextAfter = next.content;
    stored.wordsAfter = next.wordCount;
    compilations_.in(tx).add(stored, keptCompilations_);
    changes_.record(tx, {ProjectEvent::pageChanged, project.id, slug, "updated", compilation.userId});
    page.wordCount = next.wordCount;
  });
  return Reply::ok(json::object({{"status", "regenerated"},
                                 {"slug", slug},
                                 {"word_count", page.wordCount},
                                 {"entries_used", compilation.entriesCompiled}}));
}

Reply WikiOperations::listBacklinks(const Request& request) {
  const auto reached = access_.reach(request);
  return Reply::ok(json::list(
      links_.backlinks(reached.project.id, request.path("target_type"), request.path("target_id"), kMaxBacklinks)));
}

}  // namespace projects
