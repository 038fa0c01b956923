#include <mortise/percent.hpp>
#include <mortise/problem.hpp>

#include <algorithm>
#include <deque>

#include "bundle/path_rules.hpp"
#include "bundle/refusal.hpp"
#include "sources/github_listing.hpp"
#include "sources/github_source.hpp"
#include "sources/validator.hpp"

namespace skills {
namespace {

constexpr std::string_view kKind = "github contents";
constexpr std::size_t kMaxListing = 4 << 20;
constexpr std::size_t kMaxFolders = 200;
constexpr long kMaxLevels = 8;

class ContentsFetch {
 public:
  ContentsFetch(const GithubClient& client, const GithubTree& tree, const Cancellation& cancelled)
      : client_(client), tree_(tree), cancelled_(cancelled) {}

  // Whether every listing that is known is still what it was. A listing holds the ids of its files, so they need not be
  // asked for.
  bool isUnchanged(const Validator& known) const {
    const auto unchanged = [this](const auto& listing) { return list(listing.first, listing.second).unchanged; };
    return !known.etags.empty() && std::all_of(known.etags.begin(), known.etags.end(), unchanged);
  }

  Fetched fetch() {
    Fetched fetched;
    Validator seen{std::string(kKind), tree_.url(), {}};
    BundleBuilder builder;
    // Listings first: what is refused for its kind or number costs no download.
    std::vector<GithubEntry> files;
    std::deque<std::string> folders{tree_.path};
    while (!folders.empty()) {
      const auto folder = std::move(folders.front());
      folders.pop_front();
      auto answer = list(folder, {});
      seen.etags[folder] = answer.etag;
      for (auto& entry : readListing(answer.body, folder)) {
        if (hasIgnoredName(inside(entry.path))) continue;
        if (entry.isFolder) {
          checkLevel(entry.path);
          folders.push_back(std::move(entry.path));
        } else {
          files.push_back(std::move(entry));
        }
      }
      if (files.size() > kMaxFiles) throw mortise::Problem(422, "skill_too_many_files").with("most", kMaxFiles);
      if (seen.etags.size() + folders.size() > kMaxFolders) {
        throw mortise::Problem(422, "skill_too_many_folders").with("most", kMaxFolders);
      }
    }
    for (const auto& file : files) builder.add(inside(file.path), download(file));
    fetched.bundle = std::move(builder).finish();
    fetched.validator = seen.toText();
    return fetched;
  }

 private:
  // The path below the skill's folder.
  std::string_view inside(std::string_view path) const { return path.substr(tree_.path.size() + 1); }

  void checkLevel(std::string_view path) const {
    const auto level = std::count(inside(path).begin(), inside(path).end(), '/') + 1;
    if (level > kMaxLevels) throw refusal("skill_too_deep", path).with("most", kMaxLevels);
  }

  GithubAnswer list(const std::string& folder, const std::string& etag) const {
    GithubQuery query;
    query.url = client_.apiUrl(tree_.repositoryPath() + "/contents/" + encodedPath(folder) +
                               "?ref=" + mortise::percentEncoded(tree_.ref));
    query.path = folder;
    query.accept = "application/vnd.github+json";
    query.etag = etag;
    query.most = kMaxListing;
    return client_.get(query);
  }

  std::string download(const GithubEntry& file) const {
    cancelled_.check();
    const auto tooLarge = [&] {
      return refusal("skill_file_too_large", inside(file.path)).with("most", kMaxFileBytes >> 10);
    };
    if (file.size && *file.size > kMaxFileBytes) throw tooLarge();
    GithubQuery query;
    query.url = file.downloadUrl;
    query.path = file.path;
    query.accept = "application/vnd.github.raw, */*";
    query.most = kMaxFileBytes;
    auto answer = client_.get(query);
    if (!isAnnounced(file, answer.body)) throw refusal("skill_github_mismatch", file.path);
    return std::move(answer.body);
  }

  const GithubClient& client_;
  const GithubTree& tree_;
  const Cancellation& cancelled_;
};

}  // namespace

Fetched fetchContents(const GithubClient& client, const GithubTree& tree, std::string_view validator,
                      const Cancellation& cancelled) {
  ContentsFetch fetch(client, tree, cancelled);
  if (fetch.isUnchanged(Validator::parse(validator, kKind, tree.url()))) {
    Fetched unchanged;
    unchanged.unchanged = true;
    unchanged.validator = validator;
    return unchanged;
  }
  return fetch.fetch();
}

}  // namespace skills
