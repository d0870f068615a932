import { MONEY_SCENARIOS } from './money-scenarios.js';
import { ORDER_SCENARIOS } from './order-scenarios.js';
import type { Scenario } from './subject.js';

export const SCENARIOS: readonly Scenario[] = [...ORDER_SCENARIOS, ...MONEY_SCENARIOS];
