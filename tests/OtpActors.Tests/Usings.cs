global using OffsetMap = System.Collections.Immutable.ImmutableSortedDictionary<int, long>;
global using Shouldly;
global using Xunit;
