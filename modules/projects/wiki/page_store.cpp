#include "wiki/page_store.hpp"

#include <mortise/counters.hpp>
#include <mortise/rows.hpp>
#include <mortise/where.hpp>

#include <algorithm>
#include <utility>

#include "wiki/page_text.hpp"

namespace projects {
namespace {

namespace db = mortise::db;

const db::Counters kCounts("projects_page_counts");

std::string countName(std::string_view projectId) { return "pages:" + std::string(projectId); }

struct PageReference {
  std::string pageId;
  std::string projectId;
  std::string linkName;

  static constexpr auto kFields =
      mortise::fields("projects_page_references", mortise::field("page_id", &PageReference::pageId).key(),
                      mortise::field("project_id", &PageReference::projectId),
                      mortise::field("link_name", &PageReference::linkName).key());
};

}  // namespace

std::vector<PageSummary> PageStore::list(std::string_view projectId) const {
  return db::rows<PageSummary>(db_, "WHERE project_id = :project ORDER BY updated_at DESC, id DESC",
                               {{"project", projectId}});
}

std::vector<PageSummary> PageStore::generated(std::string_view projectId, PageType type) const {
  // `auto_generated = 1` is a constant of the text, so that the partial index serves.
  return db::rows<PageSummary>(db_,
                               "WHERE project_id = :project AND page_type = :type AND auto_generated = 1 ORDER BY slug",
                               {{"project", projectId}, {"type", type}});
}

std::optional<Page> PageStore::find(std::string_view projectId, std::string_view slug) const {
  return db::row<Page>(db_, "WHERE project_id = :project AND slug = :slug", {{"project", projectId}, {"slug", slug}});
}

std::optional<PageSummary> PageStore::summaryOf(std::string_view projectId, std::string_view slug) const {
  return db::row<PageSummary>(db_, "WHERE project_id = :project AND slug = :slug",
                              {{"project", projectId}, {"slug", slug}});
}

std::int64_t PageStore::countOf(std::string_view projectId) const { return kCounts.value(db_, countName(projectId)); }

bool PageStore::save(Page& page) const {
  page.linkName = linkNameOf(page.slug);
  page.wordCount = countWords(page.content);
  Page next = page;
  ++next.edition;
  try {
    const bool isSaved = db_.transaction([&](db::Session& session) {
      if (page.edition == 0) {
        db::insert(session, next);
        kCounts.add(session, countName(page.projectId));
        session.execute("DELETE FROM projects_removed_pages WHERE project_id = :project AND slug = :slug",
                        {{"project", page.projectId}, {"slug", page.slug}});
      } else {
        // Takes the row, so that a second writer waits here and then sees another edition.
        if (session.execute("UPDATE projects_pages SET edition = edition + 1 WHERE id = :id AND edition = :edition",
                            {{"id", page.id}, {"edition", page.edition}}) == 0)
          return false;
        db::update(session, next);
        session.execute("DELETE FROM projects_page_references WHERE page_id = :page", {{"page", page.id}});
      }
      std::vector<PageReference> references;
      for (auto& name : referencesIn(page.content, kMaxReferences))
        references.push_back({page.id, page.projectId, std::move(name)});
      db::insertAll(session, references);
      return true;
    });
    if (isSaved) page.edition = next.edition;
    return isSaved;
  } catch (const db::Error& error) {
    // Outside the block: a statement that fails ends a transaction of PostgreSQL.
    if (error.kind() != db::Error::Kind::exists) throw;
    return false;
  }
}

void PageStore::addRevision(const Page& page, const PageAuthor& author, mortise::Time at, std::int64_t limit) const {
  db_.transaction([&](db::Session& session) {
    const auto number = session
                            .queryOne<std::int64_t>(
                                "SELECT COALESCE(MAX(revision_number), 0) + 1 FROM projects_page_revisions "
                                "WHERE project_id = :project AND slug = :slug",
                                {{"project", page.projectId}, {"slug", page.slug}})
                            .value();
    session.execute(
        "INSERT INTO projects_page_revisions (project_id, slug, revision_number, revised_at, title, word_count, "
        "user_id, persona_name, ticket_id, content) VALUES (:project, :slug, :number, :at, :title, :words, "
        ":user, :persona, :ticket, :content)",
        {{"project", page.projectId},
         {"slug", page.slug},
         {"number", number},
         {"at", at},
         {"title", page.title},
         {"words", page.wordCount},
         {"user", author.userId},
         {"persona", author.personaName},
         {"ticket", author.ticketId},
         {"content", page.content}});
    session.execute(
        "DELETE FROM projects_page_revisions WHERE project_id = :project AND slug = :slug AND "
        "revision_number <= :last",
        {{"project", page.projectId}, {"slug", page.slug}, {"last", number - limit}});
  });
}

bool PageStore::remove(std::string_view projectId, std::string_view slug, mortise::Time at) const {
  return db_.transaction([&](mortise::Transaction& tx) {
    if (tx.execute("DELETE FROM projects_pages WHERE project_id = :project AND slug = :slug",
                   {{"project", projectId}, {"slug", slug}}) == 0)
      return false;
    kCounts.add(tx, countName(projectId), -1);
    if (!db::exists<PageRevision>(tx, "WHERE project_id = :project AND slug = :slug",
                                  {{"project", projectId}, {"slug", slug}}))
      return true;
    tx.execute("INSERT INTO projects_removed_pages (project_id, slug, removed_at) VALUES (:project, :slug, :at)",
               {{"project", projectId}, {"slug", slug}, {"at", at}});
    in(tx).forgetHistories(projectId);
    return true;
  });
}

void PageStore::forgetHistories(std::string_view projectId) const {
  db_.transaction([&](db::Session& session) {
    const auto slugs = session.query<std::string>(
        "SELECT slug FROM projects_removed_pages WHERE project_id = :project ORDER BY removed_at DESC, slug DESC "
        "LIMIT :most OFFSET :kept",
        {{"project", projectId}, {"most", kMaxRemovedPages}, {"kept", kMaxRemovedPages}});
    for (const auto& slug : slugs) {
      for (const char* table : {"projects_page_revisions", "projects_removed_pages"}) {
        session.execute("DELETE FROM " + std::string(table) + " WHERE project_id = :project AND slug = :slug",
                        {{"project", projectId}, {"slug", slug}});
      }
    }
  });
}

std::vector<std::string> PageStore::referencedBy(std::string_view pageId) const {
  // Sorted here: asked for an order, PostgreSQL would walk along all pages in it.
  auto ids = db_.query<std::string>(
      "SELECT p.id FROM projects_page_references r JOIN projects_pages p ON p.project_id = r.project_id AND "
      "p.link_name = r.link_name WHERE r.page_id = :page",
      {{"page", pageId}});
  ids.erase(std::remove(ids.begin(), ids.end(), pageId), ids.end());
  std::sort(ids.begin(), ids.end());
  return ids;
}

std::vector<std::string> PageStore::referringTo(const Page& page) const {
  return db_.query<std::string>(
      "SELECT page_id FROM projects_page_references WHERE project_id = :project AND link_name = :name AND "
      "page_id <> :page ORDER BY page_id",
      {{"project", page.projectId}, {"name", page.linkName}, {"page", page.id}});
}

db::Slice<PageRevision> PageStore::history(std::string_view projectId, std::string_view slug,
                                           const mortise::Paging& paging) const {
  db::Where where;
  where.equals("project_id", projectId).equals("slug", slug);
  return db::slice<PageRevision>(db_, where, "revision_number DESC", paging);
}

std::vector<std::string> PageStore::slugsWithHistory(std::string_view projectId) const {
  return db_.query<std::string>(
      "SELECT DISTINCT slug FROM projects_page_revisions WHERE project_id = :project ORDER BY slug",
      {{"project", projectId}});
}

void PageStore::move(std::string_view fromProjectId, std::string_view slug, std::string_view toProjectId,
                     std::string_view newSlug) const {
  db_.transaction([&](db::Session& session) {
    session.execute(
        "UPDATE projects_page_references SET project_id = :to WHERE page_id = "
        "(SELECT id FROM projects_pages WHERE project_id = :from AND slug = :slug)",
        {{"from", fromProjectId}, {"slug", slug}, {"to", toProjectId}});
    const auto moved = session.execute(
        "UPDATE projects_pages SET project_id = :to, slug = :new_slug, link_name = :name "
        "WHERE project_id = :from AND slug = :slug",
        {{"from", fromProjectId},
         {"slug", slug},
         {"to", toProjectId},
         {"new_slug", newSlug},
         {"name", linkNameOf(newSlug)}});
    if (moved > 0) {
      kCounts.add(session, countName(fromProjectId), -moved);
      kCounts.add(session, countName(toProjectId), moved);
    }
    for (const char* table : {"projects_page_revisions", "projects_removed_pages"}) {
      session.execute("UPDATE " + std::string(table) +
                          " SET project_id = :to, slug = :new_slug WHERE project_id = :from AND slug = :slug",
                      {{"from", fromProjectId}, {"slug", slug}, {"to", toProjectId}, {"new_slug", newSlug}});
    }
  });
}

void PageStore::removeAllOf(std::string_view projectId) const {
  db_.transaction([&](db::Session& session) {
    for (const char* table : {"projects_pages", "projects_page_revisions", "projects_removed_pages"})
      session.execute("DELETE FROM " + std::string(table) + " WHERE project_id = :project", {{"project", projectId}});
    session.execute("DELETE FROM projects_page_counts WHERE name = :name", {{"name", countName(projectId)}});
  });
}

}  // namespace projects
