namespace OtpActors.Client;

/// <summary>Which records of a partition to list.</summary>
/// <param name="Order"><c>oldest</c> or <c>newest</c> first.</param>
/// <param name="Cursor">The <c>next</c> of the page before; instead of partition and offset.</param>
public sealed record RecordQuery(int? Partition = null, long? Offset = null, int? Limit = null, string? Order = null, string? Cursor = null);
