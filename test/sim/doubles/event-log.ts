// The real event log; the oracle reads along.
import { EventLog as RealEventLog } from '../../../src/supervisor/kernel/event-log.ts';
import type { EventDraft } from '../../../src/supervisor/kernel/events.ts';

export class EventLog extends RealEventLog {
  override report(draft: EventDraft): void {
    bridge.observer.onEvent(bridge.guest, draft.type, draft.message);
    super.report(draft);
  }
}
