// The module: who may reach which bookmark, and what each operation answers.
// [head]
#include <cstdint>
#include <mortise/audit.hpp>
#include <mortise/events.hpp>
#include <mortise/feed.hpp>
#include <mortise/module.hpp>
#include <mortise/uuid.hpp>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bookmark_file.hpp"
#include "bookmark_store.hpp"
#include "bookmarks_contract.hpp"

namespace bookmarks {
namespace {

namespace contract = bookmarks_contract::bookmarks;
namespace json = mortise::json;
using mortise::JobRun;
using mortise::Problem;
using mortise::Reply;
using mortise::Request;
using mortise::Transaction;

constexpr auto kPages = mortise::sizedPages("bookmarks");
constexpr std::uint64_t kMaxFile = std::uint64_t{1} << 20;
constexpr std::string_view kTopic = "bookmarks.changed.";  // and the owner

// [/head]

// [helpers]
std::string etagOf(const Bookmark& bookmark) { return "\"" + std::to_string(bookmark.revision) + "\""; }

Reply replyOf(Reply reply, const Bookmark& bookmark) { return std::move(reply).header("ETag", etagOf(bookmark)); }

Bookmark newBookmark(std::string owner, std::string url, std::string title) {
  Bookmark bookmark;
  bookmark.id = mortise::makeUuid7();
  bookmark.owner = std::move(owner);
  bookmark.url = std::move(url);
  bookmark.title = std::move(title);
  bookmark.createdAt = mortise::now();
  return bookmark;
}

std::optional<mortise::Time> expiryOf(const std::optional<std::string>& text) {
  if (!text) return std::nullopt;
  return mortise::parseTime(*text).value();  // the contract has checked it
}
// [/helpers]

// [module]
class Bookmarks final : public mortise::ModuleServing<contract::Bookmarks> {
 public:
  explicit Bookmarks(mortise::Host host)
      : db_(host.db()),
        events_(host.events()),
        audit_(host.audit()),
        most_(host.config().integer("most_per_user")),
        store_(db_) {}

  void bind(mortise::Bindings& on) override {
    ModuleServing::bind(on);
    on.job("forget_expired", &Bookmarks::forgetExpired);
    on.command("print", &Bookmarks::print);
  }
  // [/module]
  // [events]
  void start() override {
    changes_ = events_.subscribe(std::string(kTopic) + "*", [this](const mortise::Event& event) {
      feed_.send(event.topic.substr(kTopic.size()), "bookmark", {}, event.payload);
    });
  }
  void stop() override {
    changes_.end();
    feed_.close();
  }
  // [/events]

 private:
  // [list]
  Reply listBookmarks(const Request& request) override {
    return store_
        .list(request.principal().userId, request.query("folder").text(), request.query("q").text(),
              mortise::Paging::of(request, kPages))
        .reply();
  }
  // [/list]

  // [add]
  Reply addBookmark(const Request& request, const contract::NewBookmark& body) override {
    auto bookmark = newBookmark(request.principal().userId, body.url, body.title);
    bookmark.folder = body.folder;
    bookmark.expiresAt = expiryOf(body.expiresAt.optional());
    store_.add({bookmark}, most_);
    publish(bookmark.owner, "added", bookmark.id);
    return replyOf(Reply::created(json::from(bookmark)), bookmark);
  }
  // [/add]

  // [open]
  // The bookmark that the path names: 404 when there is none, 403 when it is another user's.
  Bookmark open(const Request& request) const {
    auto bookmark = mortise::orNotFound(store_.find(request.path("bookmark_id")), "bookmark_not_found");
    if (bookmark.owner != request.principal().userId) throw Problem(403, "bookmark_not_yours");
    return bookmark;
  }

  Reply readBookmark(const Request& request) override {
    const auto bookmark = open(request);
    return replyOf(Reply::ok(json::from(bookmark)), bookmark);
  }
  // [/open]

  // [change]
  Reply changeBookmark(const Request& request, const contract::BookmarkChange& body) override {
    auto bookmark = open(request);
    if (request.headerParameter("If-Match").text("") != etagOf(bookmark)) throw Problem(412, "bookmark_changed");
    bookmark.title = body.title.valueOr(bookmark.title);
    bookmark.folder = body.folder.valueOr(bookmark.folder);
    if (!body.expiresAt.absent()) bookmark.expiresAt = expiryOf(body.expiresAt.optional());  // null takes it away
    if (!store_.change(bookmark)) throw Problem(412, "bookmark_changed");
    publish(bookmark.owner, "changed", bookmark.id);
    return replyOf(Reply::ok(json::from(bookmark)), bookmark);
  }
  // [/change]

  // [remove]
  Reply removeBookmark(const Request& request) override {
    forget(open(request));
    return Reply::noContent();
  }

  bool forget(const Bookmark& bookmark) const {
    if (!store_.remove(bookmark)) return false;
    publish(bookmark.owner, "removed", bookmark.id);
    return true;
  }
  // [/remove]

  // [export]
  Reply exportBookmarks(const Request& request) override {
    std::string file;
    for (const auto& bookmark : store_.all(request.principal().userId))
      appendLine(file, {bookmark.url, bookmark.title});
    return Reply::raw(std::move(file), "text/tab-separated-values; charset=utf-8")
        .header("Content-Disposition", "attachment; filename=\"bookmarks.tsv\"");
  }
  // [/export]

  // [import]
  Reply importBookmarks(const Request& request) override {
    const auto file = readLines(request.part("file")->file->readAll(kMaxFile));
    if (file.error != 0) throw Problem(422, "line_unreadable").field("body/file").with("line", file.error);
    const std::string owner = request.principal().userId;
    const auto added = db_.transaction([&](Transaction& tx) {
      const auto additions = unknown(store_.in(tx).all(owner), file.lines, owner);
      store_.in(tx).add(additions, most_);
      audit_.in(tx).record(request, "bookmarks.imported", "user:" + owner, json::object({{"added", additions.size()}}));
      publish(owner, "imported", {});  // after the commit, and not at all when there is none
      return additions.size();
    });
    return Reply::ok(json::object({{"added", added}}));
  }

  static std::vector<Bookmark> unknown(const std::vector<Bookmark>& known, const std::vector<Line>& lines,
                                       const std::string& owner) {
    std::set<std::string> urls;
    for (const auto& bookmark : known) urls.insert(bookmark.url);
    std::vector<Bookmark> out;
    for (const auto& line : lines) {
      if (urls.insert(line.url).second) out.push_back(newBookmark(owner, line.url, line.title));
    }
    return out;
  }
  // [/import]

  // [watch]
  void watchBookmarks(Request& request) override { feed_.open(request, request.principal().userId); }

  // To every server's clients of the owner.
  void publish(const std::string& owner, std::string_view change, std::string_view id) const {
    events_.publish(std::string(kTopic) + owner, json::object({{"change", change}, {"id", id}}).text());
  }
  // [/watch]

  // [job]
  void forgetExpired(JobRun& run) {
    std::int64_t count = 0;
    for (auto over = store_.expired(mortise::now()); !over.empty(); over = store_.expired(mortise::now())) {
      for (const auto& bookmark : over) {
        if (run.cancelled()) return;
        if (forget(bookmark)) ++count;
      }
    }
    run.output("removed " + std::to_string(count));
    if (count > 0) run.report({.target = "bookmarks", .deleted = count});
  }
  // [/job]

  // [command]
  int print(mortise::Command& command) {
    const auto folder = command.text("folder");
    for (const auto& bookmark : store_.all(command.text("owner").value())) {
      if (command.stopped()) return 1;
      if (!folder || bookmark.folder == *folder) command.write(bookmark.url + "\t" + bookmark.title + "\n");
    }
    return 0;
  }
  // [/command]

  // [members]
  mortise::Db db_;
  mortise::Events events_;
  mortise::Audit audit_;
  const std::int64_t most_;
  BookmarkStore store_;
  mortise::Feed feed_;
  mortise::Subscription changes_;
  // [/members]
};

}  // namespace
}  // namespace bookmarks

MORTISE_MODULE(bookmarks::Bookmarks)
