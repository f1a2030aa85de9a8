// The journal: figures, accounts against the broker, positions, round trips.
import { day, make, money, newYork, percent, put, read, table, tone } from "./dom.js";
