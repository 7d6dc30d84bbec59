#include "fleet/cluster_facts.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>

#include "base/random.h"
#include "fleet/template.h"

namespace insightd::fleet {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

// Kubernetes' minor version is OpenShift's and this.
constexpr std::int64_t kKubernetesAhead = 13;
constexpr std::int64_t kMasters = 3;

// Namespaces of the platform; pods of it and their logs are gathered from the first ones.
constexpr const char* kNamespaces[] = {"openshift-apiserver-operator",
                                       "openshift-authentication-operator",
                                       "openshift-cluster-storage-operator",
                                       "openshift-config-operator",
                                       "openshift-console-operator",
                                       "openshift-controller-manager-operator",
                                       "openshift-dns-operator",
                                       "openshift-etcd-operator",
                                       "openshift-image-registry",
                                       "openshift-ingress-operator",
                                       "openshift-insights",
                                       "openshift-kube-apiserver-operator",
                                       "openshift-kube-controller-manager-operator",
                                       "openshift-kube-scheduler-operator",
                                       "openshift-machine-api",
                                       "openshift-machine-config-operator",
                                       "openshift-marketplace",
                                       "openshift-monitoring",
                                       "openshift-multus",
                                       "openshift-network-diagnostics",
                                       "openshift-network-operator",
                                       "openshift-oauth-apiserver",
                                       "openshift-operator-lifecycle-manager",
                                       "openshift-ovn-kubernetes",
                                       "openshift-service-ca-operator",
                                       "openshift-apiserver",
                                       "openshift-authentication",
                                       "openshift-cloud-controller-manager",
                                       "openshift-cloud-credential-operator",
                                       "openshift-cluster-csi-drivers",
                                       "openshift-cluster-machine-approver",
                                       "openshift-cluster-node-tuning-operator",
                                       "openshift-cluster-samples-operator",
                                       "openshift-cluster-version",
                                       "openshift-console",
                                       "openshift-controller-manager",
                                       "openshift-dns",
                                       "openshift-etcd",
                                       "openshift-ingress",
                                       "openshift-ingress-canary",
                                       "openshift-kube-apiserver",
                                       "openshift-kube-controller-manager",
                                       "openshift-kube-scheduler",
                                       "openshift-kube-storage-version-migrator",
                                       "openshift-network-node-identity",
                                       "openshift-route-controller-manager",
                                       "openshift-service-ca",
                                       "openshift-user-workload-monitoring"};

class Maker {
 public:
  Maker(const World& world, const Cluster& cluster, Time gathered_at)
      : world_(world),
        cluster_(cluster),
        now_(gathered_at),
        random_(MakeSeededRandom(cluster.seed)) {}

  Result<Fact> Make() {
    if (auto done = Platform(); !done) return Fail(done.error());
    Names();
    Versions();
    if (auto done = Nodes(); !done) return Fail(done.error());
    Workloads();
    return std::move(facts_);
  }

 private:
  std::int64_t Between(std::int64_t least, std::int64_t most) {
    return least +
           static_cast<std::int64_t>(random_->Below(static_cast<std::uint64_t>(most - least + 1)));
  }
  Result<std::string> Filled(const std::string& text) {
    Filler filler(facts_, *random_, now_, cluster_.installed);
    std::string out;
    if (auto done = filler.Text(text, out); !done) return Fail(done.error());
    return out;
  }
  std::string Word(int letters) { return *Filled(fmt::format("${{word {}}}", letters)); }
  std::string Uuid() { return *Filled("${uuid}"); }
  // Between the installation and a day ago.
  std::string Past() { return *Filled("${past}"); }

  Result<void> Platform() {
    for (const rules::yaml::Node* const platform : world_.platforms) {
      if (platform->Find("name")->text != cluster_.platform) continue;
      platform_ = platform;
      facts_["platform"] = cluster_.platform;
      for (const char* name :
           {"machine_api", "instance", "provider", "storage_class", "provisioner"}) {
        facts_[name] = platform->Find(name)->text;
      }
      for (const rules::yaml::Node& zone : platform->Find("zones")->items) {
        zones_.push_back(zone.text);
      }
      facts_["has_zones"] = zones_.empty() ? "no" : "yes";
      return {};
    }
    return Fail(Code::kInvalid, fmt::format("there is no platform {}", cluster_.platform));
  }

  void Names() {
    Fact& cluster = facts_["cluster"];
    cluster["id"] = cluster_.id;
    cluster["short_name"] = cluster_.name;
    cluster["name"] = cluster_.name + "-" + Word(5);
    cluster["base_domain"] = "example.com";
    cluster["domain"] = cluster_.name + ".example.com";
    cluster["installed"] = FormatTimeSeconds(cluster_.installed);
    cluster["ready"] = FormatTimeSeconds(cluster_.installed + minutes(48));
    cluster["month"] = FormatTime(now_).substr(0, 7);
    cluster["workers"] = std::max<std::int64_t>(0, cluster_.nodes - kMasters);
  }

  void Versions() {
    std::int64_t minor = 0;
    std::int64_t patch = 0;
    const std::string& version = cluster_.version;  // "4.MINOR.PATCH…", checked when drawn
    const char* const end = version.data() + version.size();
    const char* const dot = std::from_chars(version.data() + 2, end, minor).ptr;
    if (dot != end) std::from_chars(dot + 1, end, patch);
    Release release{.minor = minor,
                    .from = {},
                    .until = {},
                    .newest_patch = patch,
                    .coreos = fmt::format("4{}.94", minor),
                    .kernel = "5.14.0-427.61.1.el9_4"};
    for (const Release& known : world_.releases) {
      if (known.minor == minor) release = known;
    }
    const std::int64_t kube = minor + kKubernetesAhead;
    facts_["version"] = version;
    facts_["minor"] = minor;
    facts_["kube_minor"] = kube;
    facts_["kubelet"] = fmt::format("v1.{}.{}", kube, Between(3, 12));
    facts_["crio"] = fmt::format("cri-o://1.{}.{}-2.rhaos4.{}.el9", kube, Between(2, 12), minor);
    facts_["kernel"] = release.kernel;
    facts_["os_image"] = fmt::format("Red Hat Enterprise Linux CoreOS {}.{}{:04}-0", release.coreos,
                                     FormatTime(cluster_.installed).substr(0, 4), Between(1, 1200));
    // The newest update first, the installation last.
    std::vector<Fact> history;
    Time started = now_ - hours(24) * Between(8, 60);
    for (std::int64_t i = Between(1, 4); i > 0; --i) {
      const bool is_first = i == 1 || patch < 3 || started < cluster_.installed + hours(48);
      if (is_first) started = cluster_.installed;
      Fact update;
      update["version"] = history.empty() ? version : fmt::format("4.{}.{}", minor, patch);
      update["started"] = FormatTimeSeconds(started);
      update["completed"] = FormatTimeSeconds(started + minutes(Between(44, 95)));
      update["image"] = *Filled("quay.io/openshift-release-dev/ocp-release@${digest}");
      history.push_back(std::move(update));
      if (is_first) break;
      patch -= Between(1, 3);
      started -= hours(24) * Between(14, 50);
    }
    facts_["history"] = Fact(std::move(history));
  }

  Result<void> Nodes() {
    const bool is_compact = cluster_.nodes <= kMasters;
    const std::int64_t third = Between(0, 90);
    const std::string master_config = "rendered-master-" + random_->Hex(32);
    const std::string worker_config = "rendered-worker-" + random_->Hex(32);
    std::vector<Fact> nodes, masters, workers, names;
    std::map<std::string, std::int64_t> sets;
    for (std::int64_t i = 0; i < cluster_.nodes; ++i) {
      const bool is_master = i < kMasters;
      Fact node;
      const std::string tail = Word(5);
      const std::string zone =
          zones_.empty() ? "" : zones_[static_cast<std::size_t>(i) % zones_.size()];
      const std::string set = zone.empty() ? "0" : zone;
      node["number"] = is_master ? i : i - kMasters;
      node["tail"] = tail;
      // One address a node: 37 and 251 have no common divisor.
      node["third"] = third + i % 37;
      node["fourth"] = 4 + (i * 29) % 251;
      node["ip"] = fmt::format("10.0.{}.{}", third + i % 37, 4 + (i * 29) % 251);
      node["zone"] = zone;
      node["set"] = set;
      node["role"] = is_master ? "master" : "worker";
      node["is_worker"] = !is_master || is_compact ? "yes" : "no";
      node["is_tainted"] = is_master && !is_compact ? "yes" : "no";
      node["uid"] = Uuid();
      node["created"] = is_master ? FormatTimeSeconds(cluster_.installed + minutes(8 + i)) : Past();
      node["config"] = is_master ? master_config : worker_config;
      const std::string cluster_name = facts_["cluster"]["name"].text();
      node["machine"] = is_master ? fmt::format("{}-master-{}", cluster_name, i)
                                  : fmt::format("{}-worker-{}-{}", cluster_name, set, tail);
      facts_["it"] = node;
      auto name = Filled(platform_->Find(is_master ? "master" : "worker")->text);
      if (!name) return Fail(name.error());
      node["name"] = *name;
      node["short"] = name->substr(0, name->find('.'));
      names.emplace_back(*name);
      if (!is_master) ++sets[set];
      (is_master ? masters : workers).push_back(node);
      nodes.push_back(std::move(node));
    }
    const auto pool = [&](const char* name, const std::string& config, std::size_t machines) {
      Fact fact;
      fact["name"] = name;
      fact["config"] = config;
      fact["machines"] = static_cast<std::int64_t>(machines);
      return fact;
    };
    facts_["pools"] = Fact(std::vector<Fact>{pool("master", master_config, masters.size()),
                                             pool("worker", worker_config, workers.size())});
    std::vector<Fact> set_facts;
    for (const auto& [name, replicas] : sets) {
      Fact set;
      set["name"] = name;
      set["replicas"] = replicas;
      set_facts.push_back(std::move(set));
    }
    facts_["sets"] = Fact(std::move(set_facts));
    facts_["nodes"] = Fact(std::move(nodes));
    facts_["masters"] = Fact(std::move(masters));
    facts_["workers"] = Fact(std::move(workers));
    facts_["node_names"] = Fact(std::move(names));
    return {};
  }

  void Workloads() {
    std::vector<Fact> namespaces(std::begin(kNamespaces), std::end(kNamespaces));
    std::vector<Fact> workload_namespaces;
    const std::int64_t groups = 4 + cluster_.pods / 60;
    for (std::int64_t i = 0; i < groups; ++i) {
      workload_namespaces.emplace_back(
          fmt::format("{}-{}", world_.teams[random_->Below(world_.teams.size())], Word(4)));
    }
    std::vector<Fact> images;
    for (std::int64_t i = 28 + cluster_.pods / 9; i > 0; --i) {
      images.emplace_back(*Filled("${digest}"));
    }
    facts_["image_count"] = static_cast<std::int64_t>(images.size());
    facts_["images"] = Fact(std::move(images));
    facts_["pods"] = cluster_.pods;
    std::vector<Fact> shapes;
    for (std::int64_t left = cluster_.pods, i = 0; i < groups; ++i) {
      Fact group;
      const std::int64_t pods = i + 1 == groups ? left : left / (groups - i);
      group["hash"] = random_->Hex(12);
      group["pods"] = pods;
      left -= pods;
      shapes.push_back(std::move(group));
    }
    facts_["shape_groups"] = Fact(std::move(shapes));
    PlatformPods();
    facts_["namespaces"] = Fact(std::move(namespaces));
    facts_["log_namespaces"] = Fact(std::vector<Fact>{"openshift-ovn-kubernetes", "openshift-dns",
                                                      "openshift-cluster-node-tuning-operator"});
    facts_["workload_namespaces"] = Fact(std::move(workload_namespaces));
  }

  // The operator gathers pods that were in trouble, of the healthiest cluster too.
  void PlatformPods() {
    const std::int64_t count =
        std::min<std::int64_t>(std::size(kNamespaces), 14 + cluster_.nodes / 4);
    std::vector<Fact> pods;
    for (std::int64_t i = 0; i < count; ++i) {
      const std::string space = kNamespaces[i];
      Fact pod;
      const std::string app = space.substr(std::string("openshift-").size());
      const std::string set = Word(10);
      pod["namespace"] = space;
      pod["app"] = app;
      pod["set"] = set;
      pod["name"] = app + "-" + set + "-" + Word(5);
      pod["ip"] = fmt::format("10.128.{}.{}", Between(0, 3), Between(4, 250));
      pod["created"] = Past();
      pod["image"] = *Filled("${one_of images}");
      pod["node"] = *Filled("${one_of node_names}");
      pods.push_back(std::move(pod));
    }
    facts_["platform_pods"] = Fact(std::move(pods));
    facts_["log_lines"] = Between(42, 62);
  }

  const World& world_;
  const Cluster& cluster_;
  Time now_;
  std::unique_ptr<Random> random_;
  const rules::yaml::Node* platform_ = nullptr;
  std::vector<std::string> zones_;
  Fact facts_;
};

}  // namespace

Result<Fact> FactsOf(const World& world, const Cluster& cluster, Time gathered_at) {
  return Maker(world, cluster, gathered_at).Make();
}

}  // namespace insightd::fleet
