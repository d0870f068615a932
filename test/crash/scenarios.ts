import { MONEY_SCENARIOS } from './money-scenarios.js';
import { ORDER_SCENARIOS } from './order-scenarios.js';
import { PAGE_SCENARIOS } from './page-scenarios.js';
import type { Scenario } from './subject.js';

export const SCENARIOS: readonly Scenario[] = [...ORDER_SCENARIOS, ...PAGE_SCENARIOS, ...MONEY_SCENARIOS];
