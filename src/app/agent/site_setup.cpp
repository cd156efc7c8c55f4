#include "app/agent/site_setup.hpp"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <system_error>

#include "app/errors.hpp"
#include "meter/default_profiles.hpp"
#include "meter/profile_csv.hpp"

namespace meterseal::app {

namespace {

namespace fs = std::filesystem;

struct ProfileFile {
  std::string path;
  std::string text;
};

/// The site's own profiles. No such folder: none.
Result<std::vector<ProfileFile>> read_own_profiles(const fs::path& folder) {
  std::vector<ProfileFile> files;
  std::error_code error;
  if (!fs::exists(folder, error) && !error) return files;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
    if (entry->path().extension() == ".csv") files.push_back({entry->path().string(), {}});
  }
  if (error) return fail(profile_unreadable, folder.string(), error.message());
  std::sort(files.begin(), files.end(), [](const auto& a, const auto& b) { return a.path < b.path; });
  for (ProfileFile& file : files) {
    std::ifstream stream(file.path, std::ios::binary);
    file.text.resize(meter::kMaxText + 1);  // one byte more than is allowed, to be refused by its size
    stream.read(file.text.data(), static_cast<std::streamsize>(file.text.size()));
    if (!stream.eof() && stream.fail()) return fail(profile_unreadable, file.path, "cannot be read");
    file.text.resize(static_cast<std::size_t>(stream.gcount()));
  }
  return files;
}

Result<std::vector<meter::Profile>> load_all_profiles(const fs::path& folder) {
  const auto own = read_own_profiles(folder);
  if (!own) return tl::unexpected(own.error());
  const auto built_in = meter::default_profile_texts();
  std::vector<meter::ProfileText> texts(built_in.begin(), built_in.end());
  for (const ProfileFile& file : *own) texts.push_back({file.path, file.text});
  return meter::load_profiles(texts);
}

std::vector<std::string> names_of(const std::vector<meter::Profile>& profiles) {
  std::vector<std::string> names;
  for (const meter::Profile& profile : profiles) {
    names.emplace_back(profile.model.view());
    for (const meter::Name& alias : profile.aliases) names.emplace_back(alias.view());
  }
  return names;
}

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string() : std::string(value);
}

tl::unexpected<std::vector<Error>> only(const Error& error) {
  return tl::unexpected(std::vector<Error>{error});
}

}  // namespace

tl::expected<std::unique_ptr<SiteSetup>, std::vector<Error>> load_site(const std::string& file,
                                                                       const Overlay& overlay) {
  auto profiles = load_all_profiles(fs::path(file).parent_path() / "profiles");
  if (!profiles) return only(profiles.error());
  ConfigSource source{file, names_of(*profiles), environment("CREDENTIALS_DIRECTORY"), overlay};
  auto config = load_config(file, source.profiles, source.credentials_dir, overlay);
  if (!config) return tl::unexpected(std::move(config.error()));
  auto topics = mqtt::Topics::make(config->device.full_topic, config->device.topic);
  if (!topics) return only(topics.error());

  std::unique_ptr<SiteSetup> setup(
      new SiteSetup{std::move(*config), std::move(*profiles), {}, {}, *topics, std::move(source)});
  auto buses = make_site_plan(setup->config, setup->profiles);
  if (!buses) return only(buses.error());
  setup->buses = std::move(*buses);
  for (const BrokerConfig& broker : setup->config.mqtt.brokers) {
    std::shared_ptr<BrokerTrust> known;
    if (broker.tls.policy.mode != trust::Mode::off) {
      auto made = BrokerTrust::make(broker);
      if (!made) return only(made.error());
      known = std::move(*made);
    }
    setup->trust.push_back(std::move(known));
  }
  return setup;
}

}  // namespace meterseal::app
