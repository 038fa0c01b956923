#include "sources/github_tree.hpp"

#include <mortise/percent.hpp>
#include <mortise/problem.hpp>

#include <algorithm>
#include <vector>

#include "bundle/path_rules.hpp"
#include "sources/web_address.hpp"
#include "text/ascii.hpp"
#include "text/unicode.hpp"

namespace skills {
namespace {

constexpr std::size_t kMaxUrl = 4096;
constexpr std::size_t kMaxOwner = 100;
constexpr std::size_t kMaxRef = 255;

mortise::Problem refusal(std::string_view url) {
  return mortise::Problem(422, "skill_github_address").with("ref", printable(url));
}

bool isName(std::string_view text) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
           c == '.';
  };
  return !text.empty() && text.size() <= kMaxOwner && text != "." && text != ".." &&
         std::all_of(text.begin(), text.end(), allowed);
}

// As git has it (git-check-ref-format), as far as it matters inside a URL.
bool isRef(std::string_view ref) {
  constexpr std::string_view kForbidden = " ~^:?*[\\";
  return !ref.empty() && ref.size() <= kMaxRef && ref.find_first_of(kForbidden) == std::string_view::npos &&
         ref.find("..") == std::string_view::npos && !ref.starts_with('/') && !ref.starts_with('-') &&
         printable(ref) == ref;
}

std::string_view withoutHost(std::string_view url) {
  for (const std::string_view host : {"https://github.com/", "https://www.github.com/"}) {
    if (ascii::lower(url.substr(0, host.size())) == host) return url.substr(host.size());
  }
  throw refusal(url);
}

}  // namespace

GithubTree GithubTree::parse(std::string_view url) {
  if (url.size() > kMaxUrl || url.find_first_of("?#") != std::string_view::npos) throw refusal(url);
  auto rest = withoutHost(url);
  const auto segment = [&] {
    const auto slash = rest.find('/');
    if (slash == std::string_view::npos) throw refusal(url);
    const auto decoded = percentDecoded(rest.substr(0, slash));
    if (!decoded) throw refusal(url);
    rest.remove_prefix(slash + 1);
    return *decoded;
  };
  GithubTree tree;
  tree.owner = segment();
  tree.repository = segment();
  const auto kind = segment();
  tree.ref = segment();
  const auto path = percentDecoded(rest);
  if (!isName(tree.owner) || !isName(tree.repository) || kind != "tree" || !isRef(tree.ref) || !path)
    throw refusal(url);
  if (path->find_first_not_of('/') == std::string::npos) throw refusal(url);
  tree.path = normalisedPath(*path);
  return tree;
}

std::string GithubTree::url() const {
  return "https://github.com/" + owner + "/" + repository + "/tree/" + mortise::percentEncoded(ref) + "/" +
         encodedPath(path);
}

std::string GithubTree::repositoryPath() const { return "/repos/" + owner + "/" + repository; }

std::string encodedPath(std::string_view path) {
  std::string encoded;
  for (std::size_t start = 0; start <= path.size();) {
    const auto end = std::min(path.find('/', start), path.size());
    if (start > 0) encoded += '/';
    encoded += mortise::percentEncoded(path.substr(start, end - start));
    start = end + 1;
  }
  return encoded;
}

}  // namespace skills
