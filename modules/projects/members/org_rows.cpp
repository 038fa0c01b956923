#include "members/org_rows.hpp"

namespace projects {

std::vector<std::string> OrgRows::ids(std::string_view after, std::size_t limit) const {
  // The limit stands inside as well: a UNION reads all that its parts give.
  constexpr std::string_view kText =
      "SELECT id FROM ("
      "SELECT id FROM (SELECT DISTINCT org_id AS id FROM projects_projects WHERE merged_into IS NULL AND org_id > "
      ":after "
      "ORDER BY org_id LIMIT :limit) AS a UNION "
      "SELECT id FROM (SELECT DISTINCT org_id AS id FROM projects_groups WHERE org_id > :after ORDER BY org_id LIMIT "
      ":limit) AS b UNION "
      "SELECT id FROM (SELECT DISTINCT org_id AS id FROM projects_personas WHERE org_id IS NOT NULL AND org_id > "
      ":after "
      "ORDER BY org_id LIMIT :limit) AS c UNION "
      "SELECT id FROM (SELECT DISTINCT org_id AS id FROM projects_trusted_reviewers WHERE org_id > :after ORDER BY "
      "org_id "
      "LIMIT :limit) AS d UNION "
      "SELECT id FROM (SELECT owner_id AS id FROM projects_billing_accounts WHERE owner_type = 'org' AND owner_id > "
      ":after "
      "ORDER BY owner_id LIMIT :limit) AS e) AS orgs ORDER BY id LIMIT :limit";
  return db_.query<std::string>(kText, {{"after", after}, {"limit", limit}});
}

}  // namespace projects
