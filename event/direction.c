#include "event/direction.h"

struct slice event_direction(const struct networks *home, struct address src, struct address dst)
{
	bool from = networks_hold(home, src), to = networks_hold(home, dst);

	if (from)
		return to ? SLICE("internal") : SLICE("outbound");
	return to ? SLICE("inbound") : SLICE("external");
}
