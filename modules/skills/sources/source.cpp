#include "sources/source.hpp"

#include <mortise/digest.hpp>
#include <mortise/problem.hpp>

#include <utility>

#include "sources/cancellation.hpp"
#include "sources/github_source.hpp"
#include "sources/local_source.hpp"

namespace skills {
namespace {

// Of all that was read, names and contents, each with its length before it.
std::string digestOf(const Bundle& bundle) {
  std::string list;
  for (const auto& file : bundle.files()) {
    list += std::to_string(file.path.size()) + ':' + file.path + mortise::sha256Hex({file.bytes}) + '\n';
  }
  return "sha256:" + mortise::sha256Hex({list});
}

Fetched fetchLocal(const LocalSource& source, const std::string& ref, std::string_view validator,
                   const Cancellation& cancelled) {
  Fetched fetched;
  auto bundle = source.read(ref, cancelled);
  fetched.validator = digestOf(bundle);
  fetched.unchanged = fetched.validator == validator;
  if (!fetched.unchanged) fetched.bundle = std::move(bundle);
  return fetched;
}

}  // namespace

Sources::Sources(SourceOptions options, mortise::HttpClient http) : options_(std::move(options)), http_(http) {}

Source Sources::parse(std::string_view type, std::string_view ref) const {
  if (type == "local") return {"local", LocalSource(options_.localRoots).normalisedRef(ref)};
  if (type == "github") return {"github", GithubTree::parse(ref).url()};
  throw mortise::Problem(422, "skill_source_type");
}

Fetched Sources::fetch(const Source& source, std::string_view validator, const Cancellation& cancelled) const {
  cancelled.check();
  if (source.type == "local") {
    return fetchLocal(LocalSource(options_.localRoots), source.ref, validator, cancelled);
  }
  const auto tree = GithubTree::parse(source.ref);
  const GithubClient client(options_, http_, cancelled);
  return options_.githubTarball ? fetchTarball(client, tree, validator, cancelled)
                                : fetchContents(client, tree, validator, cancelled);
}

}  // namespace skills
