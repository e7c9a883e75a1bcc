using OtpActors.Infrastructure.Topics;
using OtpActors.Runs;

namespace OtpActors.Triggers;

/// <summary>What a run takes from the settings where its request is silent, and the names that it may not use.</summary>
public sealed record RunDefaults(TopicOptions Topic, WorkflowOptions Workflow, CommandTopicOptions Commands);
