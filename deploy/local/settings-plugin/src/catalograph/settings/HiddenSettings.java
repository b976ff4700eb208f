/** Makes a setting known that the server reads but that a plugin has to name before it may be given. */
package catalograph.settings;

import java.util.List;
import org.elasticsearch.common.settings.Setting;
import org.elasticsearch.indices.recovery.RecoverySettings;
import org.elasticsearch.plugins.Plugin;

public final class HiddenSettings extends Plugin {
    @Override
    public List<Setting<?>> getSettings() {
        return List.of(RecoverySettings.INDICES_RECOVERY_SOURCE_ENABLED_SETTING);
    }
}
