// A folder of a GitHub repository, as its web address names it.
#pragma once

#include <string>
#include <string_view>

namespace skills {

struct GithubTree {
  std::string owner;
  std::string repository;
  std::string ref;   // branch, tag or commit; one segment of the address, so a '/' in it is written %2F there
  std::string path;  // normalised, never empty

  // https://github.com/{owner}/{repo}/tree/{ref}/{path}, also with www.; Problem 422 says what is wrong.
  static GithubTree parse(std::string_view url);
  // The address, always written the same way.
  std::string url() const;
  // "/repos/{owner}/{repo}", percent-encoded.
  std::string repositoryPath() const;
};

// Each segment percent-encoded.
std::string encodedPath(std::string_view path);

}  // namespace skills
