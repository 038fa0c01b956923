// Skills in repositories of GitHub: through the contents API, or out of a tarball.
#pragma once

#include <string>
#include <string_view>

#include "sources/cancellation.hpp"
#include "sources/github_client.hpp"
#include "sources/github_tree.hpp"
#include "sources/source.hpp"

namespace skills {

// One request per folder and one per file, one after the other.
Fetched fetchContents(const GithubClient& client, const GithubTree& tree, std::string_view validator,
                      const Cancellation& cancelled);

// One request for the whole repository.
Fetched fetchTarball(const GithubClient& client, const GithubTree& tree, std::string_view validator,
                     const Cancellation& cancelled);

}  // namespace skills
